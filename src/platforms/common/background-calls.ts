import { CallFailed, RateLimited } from '../../core/domain/errors.ts';
import { backoffMs, wait } from '../../core/timing.ts';
import type { Log } from '../../core/ports/log.ts';

/** What is waited after no answer, in milliseconds. */
const retryMs = 2_000;
/** Many errands may be told to wait for the same moment, when there is room for one of them. */
const limitedForMs = 60_000;
const firstRetryMs = 200;
const slowestRetryMs = 5_000;

/** Calls beside the replies, such as a sentence to somebody, that nobody waits for. */
export class BackgroundCalls {
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Runs it, again while it is rate limited, for a minute, and once more if it gets no answer; a
   * failure is logged and no more.
   */
  run(name: string, errand: (signal: AbortSignal) => Promise<void>): void {
    const running = this.#untilDone(errand).catch((error: unknown) =>
      this.#log.warn({ err: error, errand: name }, 'errand failed'),
    );
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  async #untilDone(errand: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    const limitedUntil = performance.now() + limitedForMs;
    let failed = false;
    for (let tries = 1; ; tries += 1) {
      try {
        return await errand(signal);
      } catch (error) {
        if (error instanceof RateLimited && performance.now() < limitedUntil) {
          const backoff = backoffMs(tries, firstRetryMs, slowestRetryMs);
          await wait(Math.max(error.retryAfterMs, backoff), signal);
        } else if (error instanceof CallFailed && !failed) {
          failed = true;
          await wait(retryMs, signal);
        } else {
          throw error;
        }
      }
    }
  }

  /** Lets those that run end within `ms`, and ends the rest. */
  async close(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(new Error('the service stops')), ms);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }
}
