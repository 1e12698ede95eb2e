import { withDeadline } from '../core/deadline.ts';
import type { Log } from '../core/ports/log.ts';
import type { Depth } from '../core/ports/store.ts';

/** The store is asked at most once in this time, however often it is scraped, in milliseconds. */
const askEveryMs = 5_000;
/** A store that hangs must not hang the scrape, in milliseconds. */
const deadlineMs = 2_000;

/** What waits in the store, for whoever scrapes. */
export class InboxWatch {
  readonly #depth: () => Promise<Depth>;
  readonly #log: Log;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answer: Promise<Depth | undefined> = Promise.resolve(undefined);

  constructor(depth: () => Promise<Depth>, log: Log) {
    this.#depth = depth;
    this.#log = log;
  }

  /** As it was within the last 5 s; undefined while the store is away. */
  look(): Promise<Depth | undefined> {
    const now = performance.now();
    if (now - this.#askedAt >= askEveryMs) {
      this.#askedAt = now;
      this.#answer = this.#ask();
    }
    return this.#answer;
  }

  async #ask(): Promise<Depth | undefined> {
    try {
      return await withDeadline(deadlineMs, new AbortController().signal, () => this.#depth());
    } catch (error) {
      // Others warn of a store that is away; here it is a figure.
      this.#log.debug({ err: error }, 'inbox not measured');
      return undefined;
    }
  }
}
