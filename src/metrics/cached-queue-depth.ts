import { withDeadline } from '../core/timing.ts';
import type { Log } from '../core/ports/log.ts';
import type { Depth, Store } from '../core/ports/store.ts';

/** The store is asked at most once in this time, however often it is scraped, in milliseconds. */
const askEveryMs = 5_000;
/** A store that hangs must not hang the scrape, in milliseconds. */
const deadlineMs = 2_000;

/** What is known of the store. */
export interface StoreState {
  /** It tells what waits in it, would keep a question, and has kept all since the look before. */
  readonly up: boolean;
  /** Absent while it does not tell. */
  readonly depth?: Depth;
}

export interface StoreWatchOptions {
  readonly store: Pick<Store, 'depth' | 'check'>;
  /** How many questions could not be stored so far. */
  readonly refused: () => number;
  readonly log: Log;
}

/** Looks after the store, for whoever scrapes. */
export class StoreWatch {
  readonly #options: StoreWatchOptions;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #answer: Promise<StoreState> = Promise.resolve({ up: false });

  constructor(options: StoreWatchOptions) {
    this.#options = options;
  }

  /**
   * As it was within the last 5 s, or since a question could not be stored: the first look after
   * that finds it down, whatever became of it meanwhile.
   */
  look(): Promise<StoreState> {
    const now = performance.now();
    const refused = this.#options.refused();
    const hasRefused = refused !== this.#refused;
    if (hasRefused || now - this.#askedAt >= askEveryMs) {
      this.#askedAt = now;
      this.#refused = refused;
      this.#answer = this.#ask(hasRefused);
    }
    return this.#answer;
  }

  async #ask(hasRefused: boolean): Promise<StoreState> {
    const { store } = this.#options;
    const [depth, kept] = await Promise.all([
      this.#asked('inbox not measured', () => store.depth()),
      // One that is full can still be read.
      this.#asked('store takes nothing', () => store.check().then(() => true)),
    ]);
    const up = depth !== undefined && kept === true && !hasRefused;
    return { up, ...(depth === undefined ? {} : { depth }) };
  }

  /** Undefined if it failed. */
  async #asked<T>(event: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(deadlineMs, new AbortController().signal, step);
    } catch (error) {
      // Others warn of a store that is away; here it is a figure.
      this.#options.log.debug({ err: error }, event);
      return undefined;
    }
  }
}
