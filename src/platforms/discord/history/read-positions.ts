import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import { byAge, justBefore } from '../api/snowflake.ts';

/** How long what was read may be unmarked: after a crash so much is read again, and known. */
const saveEveryMs = 2_000;
/**
 * Channels and threads whose marks are at hand, by default. Of more, those go in which nothing was
 * said for longest: what is new there is what is newer than all that was heard in their guild.
 */
const maxPositions = 10_000;
/** Forgotten together, as a part of that, so that not each new thread looks at all of them. */
const evictedShare = 0.1;

const directPrefix = '@me/';

/** Direct conversations stand apart, as Discord does not tell which there are. */
export function directKey(channel: string): string {
  return `${directPrefix}${channel}`;
}

/** The direct conversation of a mark; undefined if it is that of a channel in a guild. */
export function directChannel(place: string): string | undefined {
  return place.startsWith(directPrefix) ? place.slice(directPrefix.length) : undefined;
}

export function positionKey({ guild, channel }: Pick<DiscordMessage, 'guild' | 'channel'>): string {
  return guild === undefined ? directKey(channel) : channel;
}

const guildPrefix = '@guild/';
const ignoredPrefix = '@gap/';

/** Why a mark stays where it is. */
interface HeldPosition {
  /** The newest message that was read meanwhile. */
  newest: string;
  /** So many read again what is behind the mark. */
  readers: number;
  /** Something behind it could not be taken in, and nobody reads it again. */
  failed: boolean;
}

/** How far each channel was read, for what is said while nobody listens to be found. */
export class ReadPositions {
  readonly #store: Pick<Store, 'saveReadPositions' | 'readPositions'>;
  readonly #log: Log;
  readonly #mostPlaces: number;
  readonly #marks = new Map<string, string>();
  readonly #unsaved = new Set<string>();
  readonly #pins = new Map<string, HeldPosition>();
  /** Of all marks when they were opened. */
  #newest = '';
  /** Marks; with more, old ones are looked for. */
  #forgetAbove: number;
  #timer: NodeJS.Timeout | undefined;
  /** Places without a mark got one a moment ago. */
  #soon: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: {
    store: Pick<Store, 'saveReadPositions' | 'readPositions'>;
    log: Log;
    mostPlaces?: number;
  }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#mostPlaces = options.mostPlaces ?? maxPositions;
    this.#forgetAbove = this.#mostPlaces;
  }

  /** Reads what an earlier process marked. Throws `StoreUnavailable`. */
  async load(): Promise<void> {
    for (const [place, mark] of await this.#store.readPositions('discord')) {
      this.#marks.set(place, mark);
      if (!place.startsWith(ignoredPrefix) && byAge(mark, this.#newest) > 0) this.#newest = mark;
    }
    this.#forgetOldest();
    this.#timer = setInterval(() => this.#save(), saveEveryMs);
  }

  /** The last message that was read there. */
  get(place: string): string | undefined {
    return this.#marks.get(place);
  }

  /**
   * The newest message that was read in a guild; that of any place when the marks were opened, while
   * the guild is not known. Empty if nothing was ever read.
   */
  newestIn(guild: string): string {
    return this.#marks.get(`${guildPrefix}${guild}`) ?? this.#newest;
  }

  /** This message of the guild was heard, wherever it was said. */
  noteNewest(guild: string, message: string): void {
    this.advance(`${guildPrefix}${guild}`, message);
  }

  /** What was said in this channel and in its threads before this id was not meant to be heard. */
  ignoreBefore(channel: string, until: string): void {
    this.advance(`${ignoredPrefix}${channel}`, until);
  }

  /** The end of the last such gap; empty if there was none. */
  ignoredBefore(channel: string): string {
    return this.#marks.get(`${ignoredPrefix}${channel}`) ?? '';
  }

  /** Every place with a mark. */
  keys(): string[] {
    return [...this.#marks.keys()];
  }

  /** This message was read, and all before it, but for what the mark is pinned before. */
  advance(place: string, message: string): void {
    const pin = this.#pins.get(place);
    if (byAge(message, pin?.newest ?? this.#marks.get(place) ?? '') <= 0) return;
    if (pin === undefined) this.#mark(place, message);
    else pin.newest = message;
  }

  /**
   * All that is behind this message will be read again: until then the mark stays there, whatever
   * is read meanwhile.
   */
  hold(place: string, after: string): void {
    const pin = this.#pinOf(place, after);
    pin.readers += 1;
    pin.failed = false;
  }

  /** All up to this message was read again, and more is to come: a part of the way is done. */
  advanceTo(place: string, message: string): void {
    const pin = this.#pins.get(place);
    if (pin === undefined || pin.readers > 1 || pin.failed) return;
    if (byAge(message, this.#marks.get(place) ?? '') > 0) this.#mark(place, message);
    if (byAge(message, pin.newest) > 0) pin.newest = message;
  }

  /** It was read again; or it was not, and is left to the next start. */
  release(place: string, done: boolean): void {
    const pin = this.#pins.get(place);
    if (pin === undefined) return;
    pin.readers -= 1;
    pin.failed ||= !done;
    if (pin.readers > 0 || pin.failed) return;
    this.#pins.delete(place);
    this.advance(place, pin.newest);
  }

  /** This message could not be taken in: the next start finds it behind the mark. */
  markUnread(place: string, message: string): void {
    this.#pinOf(place, justBefore(message)).failed = true;
  }

  /** The channel is no more. */
  forget(channel: string): void {
    this.#marks.delete(channel);
    this.#marks.delete(`${ignoredPrefix}${channel}`);
    this.#unsaved.delete(channel);
    this.#unsaved.delete(`${ignoredPrefix}${channel}`);
    this.#pins.delete(channel);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#save();
    await this.#saving;
  }

  /** @param after where the mark is put if there is none */
  #pinOf(place: string, after: string): HeldPosition {
    let pin = this.#pins.get(place);
    if (pin === undefined) {
      if (!this.#marks.has(place)) this.#mark(place, after);
      pin = { newest: this.#marks.get(place) ?? after, readers: 0, failed: false };
      this.#pins.set(place, pin);
    }
    return pin;
  }

  #mark(place: string, message: string): void {
    // Without any mark the next start would take what is said from now on for old.
    if (!this.#marks.has(place)) this.#soon ??= setTimeout(() => this.#save());
    this.#marks.set(place, message);
    this.#unsaved.add(place);
    this.#forgetOldest();
  }

  /** The store keeps them for its own time. */
  #forgetOldest(): void {
    if (this.#marks.size <= this.#forgetAbove) return;
    const stays = (place: string): boolean =>
      place.startsWith(guildPrefix) ||
      place.startsWith(ignoredPrefix) ||
      this.#pins.has(place) ||
      this.#unsaved.has(place);
    const oldest = [...this.#marks]
      .filter(([place]) => !stays(place))
      .toSorted(([, a], [, b]) => byAge(a, b));
    for (const [place] of oldest.slice(0, this.#marks.size - this.#mostPlaces)) {
      this.#marks.delete(place);
    }
    this.#forgetAbove = this.#marks.size + Math.ceil(this.#mostPlaces * evictedShare);
  }

  #save(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#unsaved.size === 0) return;
    const marks = new Map(
      Array.from(this.#unsaved, (place) => [place, this.#marks.get(place) ?? ''] as const),
    );
    this.#unsaved.clear();
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#store.saveReadPositions('discord', marks);
      } catch (error) {
        for (const place of marks.keys()) this.#unsaved.add(place);
        this.#log.warn({ err: error, channels: marks.size }, 'not marked how far was read');
      }
    });
  }
}
