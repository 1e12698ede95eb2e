// Tested by test/contract/platform/discord.test.ts
import { BadConfiguration, CallFailed, RateLimited, Rejected } from '../../core/domain/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import { backoffMs, retry } from '../../core/timing.ts';
import type { RequestThrottle } from './request-throttle.ts';

/** Tries of a read that gets no answer: nobody hands in again what could not be read. */
const maxReadTries = 5;

/**
 * Makes a call that reads, at the throttle's pace: again for as long as it is rate limited, and a few
 * times more if it gets no answer. Throws what the call throws, and the signal's reason.
 */
export function readWithRetry<T>(
  call: () => Promise<T>,
  { throttle, log, ...what }: { throttle: RequestThrottle; log: Log; method: string },
  signal: AbortSignal,
): Promise<T> {
  return retry(
    async () => {
      await throttle.acquire(signal);
      return call();
    },
    (error, tries) => {
      if (error instanceof CallFailed && tries < maxReadTries) return backoffMs(tries, 500, 5_000);
      if (!(error instanceof RateLimited)) throw error;
      throttle.blockFor(error.retryAfterMs);
      log.warn({ ...what, retryAfterMs: error.retryAfterMs }, 'rate limited');
      return 0;
    },
    signal,
  );
}

/**
 * Runs a step until it succeeds, however long a platform or the store is away. Throws what will not
 * pass by itself, and the signal's reason.
 *
 * @param event the log line of a failure
 */
export function retryUntilDone<T>(
  step: () => Promise<T>,
  log: Log,
  event: string,
  signal: AbortSignal,
): Promise<T> {
  return retry(
    step,
    (error, tries) => {
      if (error instanceof BadConfiguration || error instanceof Rejected) throw error;
      log.warn({ err: error, tries }, event);
      return backoffMs(tries, 1_000, 60_000);
    },
    signal,
  );
}
