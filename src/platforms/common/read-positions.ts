import type { Log } from '../../core/ports/log.ts';
import type { Store } from '../../core/ports/store.ts';

/**
 * Interval between two saves, in ms. After a crash this much at most is read again; the store drops
 * duplicates by message id.
 */
const saveEveryMs = 2_000;
/** Positions in memory, by default. Beyond them those of the quietest places go. */
const maxPositions = 10_000;
/** Share of them that is evicted together, so that not every new thread sorts all of them. */
const evictedShare = 0.1;

/** Below 0 if `a` is the earlier id: Discord's snowflakes and Slack's `ts` grow with time. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function laterId(a: string, b: string): string {
  return compareIds(a, b) > 0 ? a : b;
}

/** A position that stays where it is, because something behind it is to be read again. */
interface HeldPosition {
  /** Newest message that was read meanwhile; empty if there is none. */
  newest: string;
  /** Where the position of a place without one has to be at most; empty if anywhere. */
  before: string;
  /** Number of catch-ups that read what is behind it, and of messages that are being handled. */
  readers: number;
  /** A message behind it could not be stored, and no catch-up reads it again. */
  failed: boolean;
}

export interface ReadPositionsOptions {
  /** Under which the store keeps them: `discord` or `slack`. */
  readonly platform: string;
  readonly store: Pick<Store, 'readPositions' | 'saveReadPositions'>;
  readonly log: Log;
  readonly maxPositions?: number;
  /** Keys that are never evicted, such as those of whole servers. None by default. */
  readonly isPermanent?: (key: string) => boolean;
}

/**
 * The last message read in each place, by a key of the platform's, so that the next start reads what
 * was written since. The trap: before a place is caught up, its position must be held, or what is
 * received live would hide what was missed.
 */
export class ReadPositions {
  readonly #options: ReadPositionsOptions;
  readonly #maxPositions: number;
  readonly #positions = new Map<string, string>();
  readonly #unsaved = new Set<string>();
  readonly #held = new Map<string, HeldPosition>();
  /** Catch-ups for which every position is held, whatever its place. */
  #heldAll = 0;
  /** Number of positions above which old ones are evicted. */
  #evictAbove: number;
  #timer: NodeJS.Timeout | undefined;
  /** An early save: places got their first position a moment ago. */
  #soon: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: ReadPositionsOptions) {
    this.#options = options;
    this.#maxPositions = options.maxPositions ?? maxPositions;
    this.#evictAbove = this.#maxPositions;
  }

  /** Reads what an earlier process saved. Throws `StoreUnavailable`. */
  async load(): Promise<void> {
    const { store, platform } = this.#options;
    for (const [key, position] of await store.readPositions(platform)) {
      this.#positions.set(key, laterId(position, this.#positions.get(key) ?? ''));
    }
    this.#evictOldest();
    this.#timer ??= setInterval(() => this.#save(), saveEveryMs);
  }

  /** The last message that was read there. */
  get(key: string): string | undefined {
    return this.#positions.get(key);
  }

  entries(): Iterable<[key: string, position: string]> {
    return this.#positions.entries();
  }

  /** This message was read, and all before it, but for what a held position stands before. */
  advance(key: string, message: string): void {
    if (this.#heldAll > 0 && !this.#held.has(key)) {
      this.#held.set(key, { newest: '', before: '', readers: 0, failed: false });
    }
    const held = this.#held.get(key);
    if (compareIds(message, held?.newest || (this.#positions.get(key) ?? '')) <= 0) return;
    if (held === undefined) this.#set(key, message);
    else held.newest = message;
  }

  /** All behind `after` will be read again: until `release` the position stays, whatever is read. */
  hold(key: string, after: string): void {
    if (!this.#positions.has(key)) this.#set(key, after);
    const held = this.#hold(key, after);
    held.readers += 1;
    held.failed = false;
  }

  /** The message behind `before` is being handled: until `release` the position is not beyond it. */
  holdLive(key: string, before: string): void {
    this.#hold(key, before).readers += 1;
  }

  /** All up to this message was read again, and more is to come. */
  advanceTo(key: string, message: string): void {
    const held = this.#held.get(key);
    if (held === undefined || held.readers > 1 || held.failed || this.#heldAll > 0) return;
    if (compareIds(message, this.#positions.get(key) ?? '') > 0) this.#set(key, message);
    held.newest = laterId(message, held.newest);
  }

  /** What was held for is done; or it is not (`done` is false), and is left to the next start. */
  release(key: string, done: boolean): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.readers -= 1;
    held.failed ||= !done;
    this.#letGo(key, held);
  }

  /** Holds every position, also of places that are not known yet, until as many `releaseAll`. */
  holdAll(): void {
    this.#heldAll += 1;
  }

  releaseAll(): void {
    this.#heldAll -= 1;
    for (const [key, held] of this.#held) {
      this.#ensurePosition(key, held);
      this.#letGo(key, held);
    }
  }

  /** The message behind `before` could not be stored: the next start finds it. */
  markUnread(key: string, before: string): void {
    this.#hold(key, before).failed = true;
  }

  /** The place is gone. */
  forget(key: string): void {
    this.#positions.delete(key);
    this.#unsaved.delete(key);
    this.#held.delete(key);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#save();
    await this.#saving;
  }

  #hold(key: string, before: string): HeldPosition {
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { newest: '', before: '', readers: 0, failed: false };
      this.#held.set(key, held);
    }
    if (held.before === '' || compareIds(before, held.before) < 0) held.before = before;
    this.#ensurePosition(key, held);
    return held;
  }

  /** Not before it is known what was missed in a place without one. */
  #ensurePosition(key: string, { before }: HeldPosition): void {
    if (this.#heldAll === 0 && before !== '' && !this.#positions.has(key)) this.#set(key, before);
  }

  #letGo(key: string, { newest, readers, failed }: HeldPosition): void {
    if (readers > 0 || failed || this.#heldAll > 0) return;
    this.#held.delete(key);
    if (newest !== '') this.advance(key, newest);
  }

  #set(key: string, message: string): void {
    // Without any position the next start would take what is written from now on for old.
    if (!this.#positions.has(key)) this.#soon ??= setTimeout(() => this.#save());
    this.#positions.set(key, message);
    this.#unsaved.add(key);
    this.#evictOldest();
  }

  /** The store keeps evicted ones for its retention time. */
  #evictOldest(): void {
    if (this.#positions.size <= this.#evictAbove) return;
    const { isPermanent } = this.#options;
    const oldest = [...this.#positions]
      .filter(
        ([key]) => !this.#held.has(key) && !this.#unsaved.has(key) && isPermanent?.(key) !== true,
      )
      .toSorted(([, a], [, b]) => compareIds(a, b));
    for (const [key] of oldest.slice(0, this.#positions.size - this.#maxPositions)) {
      this.#positions.delete(key);
    }
    this.#evictAbove = this.#positions.size + Math.ceil(this.#maxPositions * evictedShare);
  }

  #save(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#unsaved.size === 0) return;
    const { store, platform, log } = this.#options;
    const positions = new Map(
      Array.from(this.#unsaved, (key) => [key, this.#positions.get(key) ?? ''] as const),
    );
    this.#unsaved.clear();
    this.#saving = this.#saving.then(async () => {
      try {
        await store.saveReadPositions(platform, positions);
      } catch (error) {
        for (const key of positions.keys()) this.#unsaved.add(key);
        log.warn({ err: error, platform, places: positions.size }, 'read positions not saved');
      }
    });
  }
}
