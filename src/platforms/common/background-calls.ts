import { CallFailed, RateLimited } from '../../core/domain/errors.ts';
import { backoffMs, retry } from '../../core/timing.ts';
import type { Log } from '../../core/ports/log.ts';

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
