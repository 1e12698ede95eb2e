import { BadConfiguration, CallFailed, RateLimited, Rejected } from '../../core/domain/errors.ts';
import type { CallResult, Metrics } from '../../core/ports/metrics.ts';
import type { Log } from '../../core/ports/log.ts';
import { backoffMs, retry } from '../../core/timing.ts';
import type { RequestThrottle } from './throttles.ts';

export interface MeasuredCall {
  readonly metrics: Metrics;
  readonly platform: string;
  /** Of the platform's API, without ids. */
  readonly method: string;
  /** What was given up here says nothing of the platform, and is not counted. */
  readonly signal: AbortSignal;
}

/** Makes a call to a platform, and counts how it went and how long it took. */
export async function measured<T>(of: MeasuredCall, call: () => Promise<T>): Promise<T> {
  const { metrics, platform, method, signal } = of;
  const startedAt = performance.now();
  let result: CallResult = 'ok';
  try {
    return await call();
  } catch (error) {
    result = resultOf(error);
    throw error;
  } finally {
    if (result === 'ok' || !signal.aborted) {
      metrics.platformCalled(platform, method, result, performance.now() - startedAt);
    }
  }
}

function resultOf(error: unknown): CallResult {
  if (error instanceof RateLimited) return 'limited';
  return error instanceof Rejected ? 'refused' : 'failed';
}

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

/** Delay after a call that got no answer, in ms. */
const retryMs = 2_000;
/** Time for which a rate-limited call is tried again, in ms: many may be told to wait for one moment. */
const limitedForMs = 60_000;
const firstRetryMs = 200;
const slowestRetryMs = 5_000;

/** Calls that no reply waits for, such as a notice to a person. */
export class BackgroundCalls {
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Runs a call, again while it is rate limited, for a minute, and once more if it gets no answer. A
   * failure is only logged.
   */
  run(name: string, call: (signal: AbortSignal) => Promise<void>): void {
    const running = this.#retry(call).catch((error: unknown) =>
      this.#log.warn({ err: error, call: name }, 'background call failed'),
    );
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  #retry(call: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    const limitedUntil = performance.now() + limitedForMs;
    let failed = false;
    return retry(
      () => call(signal),
      (error, tries) => {
        if (error instanceof RateLimited && performance.now() < limitedUntil) {
          return Math.max(error.retryAfterMs, backoffMs(tries, firstRetryMs, slowestRetryMs));
        }
        if (!(error instanceof CallFailed) || failed) throw error;
        failed = true;
        return retryMs;
      },
      signal,
    );
  }

  /** Lets running calls end within `ms`, and aborts the rest. */
  async close(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(new Error('the service stops')), ms);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }
}
