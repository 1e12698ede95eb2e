import { backoffMs, wait } from '../timing.ts';
import { StoreUnavailable } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';

/** How long something written waits for a store that is away before it is left for another try. */
const patienceMs = 5 * 60_000;

/**
 * Makes a step that must not be lost to a store that is away for a while: tries again until it
 * is stored, for five minutes. Throws the last `StoreUnavailable`, or the signal's reason.
 */
export async function persist<T>(
  step: () => Promise<T>,
  log: Log,
  signal: AbortSignal,
): Promise<T> {
  const patienceEnds = performance.now() + patienceMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > patienceEnds) throw error;
      log.warn({ err: error, tries }, 'not stored yet');
      await wait(backoffMs(tries, 200, 5_000), signal);
    }
  }
}
