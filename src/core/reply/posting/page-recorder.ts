// Tested by test/unit/core/reply/live-reply.test.ts
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { PageRecord } from '../../domain/turn.ts';

/** How often a growing page is stored, in milliseconds, for a restart to go on from. */
const writeEveryMs = 1_000;

/** How the pages of a reply are remembered across a crash. */
export interface PageRecords {
  save(page: PageRecord): Promise<void>;
  drop(index: number): Promise<void>;
}

type Shown = Pick<PageRecord, 'id' | 'source'>;

export interface PageRecorderOptions {
  readonly pageRecords: PageRecords;
  readonly index: number;
  /** The idempotency key of the page's post. */
  readonly key: string;
  /** The stored record, if there is one. */
  readonly record?: PageRecord | undefined;
  readonly log: Log;
}

/**
 * What the store knows of one posted page. It is brought up to date beside the calls to the
 * platform, one write at a time and always with the newest: people go on reading while the store
 * is slow or away.
 */
export class PageRecorder {
  readonly #options: PageRecorderOptions;
  /** The message and the slice that it was last made to show. */
  #shows: Shown;
  #stored: Shown;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;
  #again = false;
  #lost: { readonly error: unknown } | undefined;

  constructor(options: PageRecorderOptions) {
    this.#options = options;
    const { id, source = '' } = options.record ?? {};
    this.#shows = this.#stored = { ...(id === undefined ? {} : { id }), source };
  }

  /** The store knows which message it is, or is being told. */
  get hasId(): boolean {
    return this.#stored.id !== undefined || this.#writing !== undefined;
  }

  /** It is about to be posted: without this a crash before the answer would post it twice. */
  async beforePost(source: string): Promise<void> {
    const { pageRecords, index, key } = this.#options;
    await pageRecords.save({ index, key, source });
    this.#shows = this.#stored = { source };
  }

  /**
   * It shows this now. Written at once if `urgent`, or if it was not known which message it is;
   * else from time to time.
   */
  shown(id: string, source: string, { urgent }: { urgent: boolean }): void {
    const isNew = this.#shows.id !== id;
    this.#shows = { id, source };
    const waitedMs = performance.now() - this.#writtenAt;
    if (urgent || isNew || waitedMs >= writeEveryMs) this.#write();
  }

  /** The store knows what it shows, and there is nothing to `check`. */
  get isUpToDate(): boolean {
    return this.#isStored && this.#writing === undefined && this.#lost === undefined;
  }

  get #isStored(): boolean {
    return this.#shows.id === this.#stored.id && this.#shows.source === this.#stored.source;
  }

  /** Throws what the store said meanwhile that ends the reply, such as `ClaimLost`. */
  throwIfLost(): void {
    if (this.#lost !== undefined) throw this.#lost.error;
  }

  /** Its text is of no use to a later attempt. */
  invalidate(): void {
    this.#shows = { ...this.#shows, source: '' };
    this.#write();
  }

  /** Resolves when the store knows what it shows, or could not be told. Throws as `check`. */
  async flush(): Promise<void> {
    this.#write();
    await this.settled();
    this.throwIfLost();
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async drop(): Promise<void> {
    const { pageRecords, index } = this.#options;
    await this.settled();
    await pageRecords.drop(index);
  }

  #write(): void {
    if (this.#writing !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#isStored) return;
    this.#writtenAt = performance.now();
    this.#writing = this.#save(this.#shows).finally(() => {
      this.#writing = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.#write();
    });
  }

  /** Never throws. */
  async #save(shows: Shown): Promise<void> {
    const { pageRecords, index, key, log } = this.#options;
    try {
      await pageRecords.save({ index, key, ...shows });
      this.#stored = shows;
    } catch (error) {
      if (error instanceof StoreUnavailable)
        log.warn({ err: error, page: index }, 'page not recorded');
      else this.#lost = { error };
    }
  }
}
