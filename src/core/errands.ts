import { CallFailed, RateLimited } from './errors.ts';
import { wait } from './deadline.ts';
import type { Log } from './ports/log.ts';

/** What is waited after no answer, in milliseconds. */
const retryMs = 2_000;

/** Calls beside the replies, such as a sentence to somebody, that nobody waits for. */
export class Errands {
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Runs it, once more if it is rate limited or gets no answer; a failure is logged and no more. */
  run(name: string, errand: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#abort;
    const running = (async () => {
      try {
        await errand(signal).catch(async (error: unknown) => {
          if (!(error instanceof RateLimited || error instanceof CallFailed)) throw error;
          await wait(error instanceof RateLimited ? error.retryAfterMs : retryMs, signal);
          await errand(signal);
        });
      } catch (error) {
        this.#log.warn({ err: error, errand: name }, 'errand failed');
      }
    })();
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Lets those that run end within `ms`, and ends the rest. */
  async close(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(new Error('the service stops')), ms);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }
}
