import { backoffMs, wait } from '../../core/deadline.ts';
import type { Fields } from '../../core/fields.ts';
import { Gate } from '../../core/gate.ts';
import type { Log } from '../../core/ports/log.ts';
import { type DiscordApi, messagesIn } from './api.ts';
import { type Bookmarks, directChannel, directPlace } from './bookmarks.ts';
import type { Ear } from './ear.ts';
import { Refused } from './faults.ts';
import { saidIn } from './said.ts';
import { byAge, idAt, isSnowflake } from './snowflake.ts';

/** A fifth of what Discord allows in all: people who ask meanwhile need the rest. */
const pace = { key: 'discord: reading again', burst: 10, perSecond: 10 };
/** What was said longer ago is left, in milliseconds. */
const horizonMs = 24 * 60 * 60_000;
/** Direct conversations in which nothing was said for longer are not asked for. */
const directHorizonMs = 30 * horizonMs;
const pageSize = 100;
/** Pages of one channel; what was said there after them is not read. */
const maxPages = 5;
const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** A channel, a thread or a direct conversation that may hold something new. */
export interface Readable {
  readonly id: string;
  /** Absent for direct conversations. */
  readonly guild?: string;
  /** Its newest message; absent where Discord does not tell. */
  readonly newest?: string;
  /** The smallest id of when the bot came into its guild. */
  readonly joined?: string;
}

/** A channel with something that was not read. */
export interface Unread extends Readable {
  /** The last message that was. */
  readonly after: string;
}

/** Reads again what was written while nobody heard, and hands in what may have been missed. */
export class Missed {
  readonly #api: DiscordApi;
  readonly #bookmarks: Bookmarks;
  readonly #ear: Ear;
  readonly #log: Log;
  readonly #gate = new Gate(pace);

  constructor(options: { api: DiscordApi; bookmarks: Bookmarks; ear: Ear; log: Log }) {
    this.#api = options.api;
    this.#bookmarks = options.bookmarks;
    this.#ear = options.ear;
    this.#log = options.log;
  }

  /** Direct conversations: Discord does not tell of them, so each that is known is asked for. */
  direct(): Readable[] {
    const horizon = idAt(Date.now() - directHorizonMs);
    return this.#bookmarks.places().flatMap((place) => {
      const id = directChannel(place);
      const recent = byAge(this.#bookmarks.of(place) ?? '', horizon) > 0;
      return id !== undefined && recent ? [{ id }] : [];
    });
  }

  /**
   * Finds out which of these channels hold something that was not read, and pins their marks: what
   * is said from now on must not hide it. In a channel without a mark this is what is newer than
   * all that was heard anywhere, and than the bot's own coming: before the first start nobody asked
   * anything of it.
   *
   * @param heardUntil the newest message that was read anywhere before nobody listened
   */
  plan(channels: readonly Readable[], heardUntil: string): Unread[] {
    return channels.flatMap((channel) => {
      const after = this.#lastRead(channel, heardUntil);
      if (after === undefined) return [];
      this.#bookmarks.pin(placeOf(channel), after);
      return [{ ...channel, after }];
    });
  }

  /**
   * Hands in what was said there, oldest first. What Discord gives no answer for is tried again for
   * a day. Throws nothing but the signal's reason: then the next start reads the rest.
   */
  async readAgain(channels: readonly Unread[], signal: AbortSignal): Promise<void> {
    if (channels.length === 0) return;
    const triesEnd = Date.now() + horizonMs;
    let heard = 0;
    let left = channels;
    for (let tries = 1; left.length > 0; tries += 1) {
      if (tries > 1) await wait(backoffMs(tries - 1, firstRetryMs, slowestRetryMs), signal);
      const failed: Unread[] = [];
      for (const channel of left) {
        const messages = await this.#readOne(channel, signal);
        if (messages === undefined) failed.push(channel);
        heard += messages ?? 0;
      }
      left = failed;
      if (Date.now() > triesEnd) break;
    }
    for (const channel of left) this.#bookmarks.unpin(placeOf(channel), false);
    this.#log.info({ channels: channels.length, messages: heard }, 'discord read again');
  }

  /** How many messages it held; undefined if it is worth another try. */
  async #readOne(channel: Unread, signal: AbortSignal): Promise<number | undefined> {
    const place = placeOf(channel);
    try {
      const heard = await this.#read(channel, signal);
      // The newest message may be gone, or none of anybody's: it is not to be looked for again.
      if (channel.newest !== undefined) this.#bookmarks.advance(place, channel.newest);
      this.#bookmarks.unpin(place, true);
      return heard;
    } catch (error) {
      signal.throwIfAborted();
      this.#log.warn({ err: error, channel: channel.id }, 'channel not read again');
      if (!(error instanceof Refused)) return undefined;
      // What may not be read will not be readable later.
      this.#bookmarks.unpin(place, true);
      return 0;
    }
  }

  /** The message behind which there may be something new; undefined if there is nothing. */
  #lastRead(channel: Readable, heardUntil: string): string | undefined {
    const { id, guild, joined = '' } = channel;
    // Discord tells of no message where nobody ever said anything, and in direct conversations.
    const newest = channel.newest ?? (guild === undefined ? undefined : id);
    const mark = this.#bookmarks.of(placeOf(channel));
    const horizon = idAt(Date.now() - horizonMs);
    const read = mark ?? (heardUntil === '' ? newest : younger(heardUntil, joined));
    if (read === undefined) return undefined;
    if (newest === undefined || byAge(newest, read) > 0) return younger(read, horizon);
    if (mark === undefined) this.#bookmarks.advance(placeOf(channel), newest);
    return undefined;
  }

  async #read({ id, guild, after: first }: Unread, signal: AbortSignal): Promise<number> {
    let after = first;
    let heard = 0;
    for (let page = 1; ; page += 1) {
      const query = { after, limit: `${pageSize}` };
      const path = `/channels/${id}/messages` as const;
      const messages = messagesIn(await this.#api.read(path, query, this.#gate, signal));
      for (const message of messages) {
        signal.throwIfAborted();
        after = isSnowflake(message['id']) ? message['id'] : after;
        heard += await this.#hear(message, guild);
      }
      if (messages.length < pageSize) return heard;
      if (page === maxPages) {
        this.#log.warn(
          { channel: id, messages: heard },
          'too much was said to read all of it again',
        );
        return heard;
      }
    }
  }

  async #hear(message: Fields, guild: string | undefined): Promise<number> {
    const said = saidIn(message, guild === undefined ? {} : { guild });
    if (said === undefined) return 0;
    await this.#ear.hear(said);
    return 1;
  }
}

function younger(a: string, b: string): string {
  return byAge(a, b) > 0 ? a : b;
}

function placeOf({ id, guild }: Readable): string {
  return guild === undefined ? directPlace(id) : id;
}
