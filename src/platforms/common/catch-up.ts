// Tested by test/unit/platforms/slack/history/catch-up.test.ts
import { Rejected } from '../../core/domain/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import { backoffMs, wait } from '../../core/timing.ts';
import type { ReadPositions } from './read-positions.ts';

/** Age beyond which nothing is read again, in ms; reading is also tried for this long. */
export const maxAgeMs = 24 * 60 * 60_000;
/** Pages of one place before others have their turn. */
const pagesAtOnce = 5;
/** Messages of one place; what follows them is left to the next start. */
const maxMessages = 5_000;
const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** A channel, a thread or a direct conversation with something that was not read. */
export interface UnreadPlace {
  /** Of its read position. */
  readonly key: string;
  /** The platform's id, for the log. */
  readonly channel: string;
  /** The last message that was read. */
  readonly after: string;
  /** Its newest message; absent where the platform does not tell. */
  readonly newest?: string;
}

/** Messages of a place, oldest first. */
export interface Page {
  readonly messages: readonly {
    /** Its read position. */
    readonly id: string;
    /** Hands it in; resolves once it is stored. */
    readonly receive: () => Promise<void>;
  }[];
  /** Nothing follows. */
  readonly isLast: boolean;
}

/** How far a place was read. */
interface Progress<P> {
  readonly place: P;
  after: string;
  messages: number;
}

/** `more` and `failed` are worth another try, the latter after a while. */
type Outcome = 'done' | 'more' | 'failed';

export interface CatchUpOptions {
  readonly platform: string;
  readonly positions: ReadPositions;
  readonly log: Log;
}

/**
 * Reads what was written while nobody received events, and hands it in. A platform says which places
 * hold something unread, with their positions held, and how a page of one is read.
 */
export abstract class CatchUp<P extends UnreadPlace> {
  protected readonly positions: ReadPositions;
  protected readonly log: Log;
  readonly #platform: string;

  constructor({ platform, positions, log }: CatchUpOptions) {
    this.#platform = platform;
    this.positions = positions;
    this.log = log;
  }

  /** Throws `Rejected` for a place that may not be read, and what is worth another try. */
  protected abstract readPage(place: P, after: string, signal: AbortSignal): Promise<Page>;

  /**
   * Reads these places, whose positions are held, and releases them. What gets no answer is tried
   * again for a day. Throws only the signal's reason: then the next start reads the rest.
   */
  protected async readAll(places: readonly P[], signal: AbortSignal): Promise<void> {
    const triesEnd = Date.now() + maxAgeMs;
    const all = places.map((place): Progress<P> => ({ place, after: place.after, messages: 0 }));
    let left = all;
    for (let failures = 0; left.length > 0 && Date.now() < triesEnd;) {
      const outcomes = new Map<Progress<P>, Outcome>();
      for (const progress of left) outcomes.set(progress, await this.#readOn(progress, signal));
      left = left.filter((progress) => outcomes.get(progress) !== 'done');
      if (left.length === 0 || left.some((one) => outcomes.get(one) === 'more')) continue;
      failures += 1;
      await wait(backoffMs(failures, firstRetryMs, slowestRetryMs), signal);
    }
    for (const { place } of left) this.positions.release(place.key, false);
    const messages = all.reduce((sum, progress) => sum + progress.messages, 0);
    this.log.info({ channels: places.length, messages }, `${this.#platform} read again`);
  }

  /** Reads some pages more of a place. */
  async #readOn(progress: Progress<P>, signal: AbortSignal): Promise<Outcome> {
    const { key, channel, newest } = progress.place;
    try {
      const isWhole = await this.#readPages(progress, signal);
      if (!isWhole && progress.messages < maxMessages) return 'more';
      if (isWhole) {
        // The newest message may be gone, or none of anybody's: it is not to be looked for again.
        if (newest !== undefined) this.positions.advance(key, newest);
      } else {
        this.log.warn(
          { channel, messages: progress.messages },
          'too many messages to read all of them again; the next start reads on',
        );
      }
      this.positions.release(key, isWhole);
      return 'done';
    } catch (error) {
      signal.throwIfAborted();
      this.log.warn({ err: error, channel }, 'channel not read again');
      if (!(error instanceof Rejected)) return 'failed';
      // What may not be read will not be readable later.
      this.positions.release(key, true);
      return 'done';
    }
  }

  /** True once nothing is left to read. */
  async #readPages(progress: Progress<P>, signal: AbortSignal): Promise<boolean> {
    const { place } = progress;
    for (let pages = 1; ; pages += 1) {
      const { messages, isLast } = await this.readPage(place, progress.after, signal);
      for (const { id, receive } of messages) {
        signal.throwIfAborted();
        progress.after = id;
        await receive();
        progress.messages += 1;
      }
      this.positions.advanceTo(place.key, progress.after);
      if (isLast) return true;
      if (pages === pagesAtOnce) return false;
    }
  }
}
