import { backoffMs, wait } from '../../../core/timing.ts';
import { BadConfiguration, Rejected } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';

const slowestRetryMs = 60_000;

/**
 * Tries on and on while Discord or the store is away. Throws what will not pass, and the signal's
 * reason.
 */
export async function retryUntilDone<T>(
  step: () => Promise<T>,
  log: Log,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BadConfiguration || error instanceof Rejected) throw error;
      log.warn({ err: error, tries }, 'Discord is not to be had yet');
      await wait(backoffMs(tries, 1_000, slowestRetryMs), signal);
    }
  }
}
