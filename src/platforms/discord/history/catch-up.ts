import { backoffMs, wait } from '../../../core/timing.ts';
import type { JsonRecord } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/request-throttle.ts';
import type { Log } from '../../../core/ports/log.ts';
import { type DiscordApi, messagesOldestFirst } from '../api/rest-api.ts';
import { type ReadPositions, directChannel, directKey } from './read-positions.ts';
import type { EventReceiver } from '../receive/event-receiver.ts';
import { DiscordApiError } from '../api/api-errors.ts';
import { parseMessage } from '../messages/discord-message.ts';
import { byAge, idAt, isSnowflake, younger } from '../api/snowflake.ts';

/** A fifth of what Discord allows in all: people who ask meanwhile need the rest. */
const requestRate = { key: 'discord: reading again', burst: 10, perSecond: 10 };
/** What was said longer ago is left, in milliseconds. */
const maxAgeMs = 24 * 60 * 60_000;
/** Direct conversations in which nothing was said for longer are not asked for. */
const maxDirectAgeMs = 30 * maxAgeMs;
const pageSize = 100;
/** Pages of one channel before others have their turn. */
const pagesAtOnce = 5;
/** Messages of one channel; what was said after them is left to the next start. */
const maxMessages = 5_000;
const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** A channel, a thread or a direct conversation that may hold something new. */
export interface ReadableChannel {
  readonly id: string;
  /** Absent for direct conversations. */
  readonly guild?: string;
  /** Its newest message; absent where Discord does not tell. */
  readonly newest?: string;
  /** The smallest id of when the bot came into its guild. */
  readonly joined?: string;
  /** Of a thread. */
  readonly parent?: string;
}

/** A channel with something that was not read. */
export interface UnreadChannel extends ReadableChannel {
  /** The last message that was. */
  readonly after: string;
}

/** How far the reading of a channel has come. */
interface ChannelProgress {
  readonly channel: UnreadChannel;
  /** The last message that was read. */
  after: string;
  messages: number;
}

/** Reads again what was written while nobody heard, and hands in what may have been missed. */
export class CatchUp {
  readonly #api: DiscordApi;
  readonly #positions: ReadPositions;
  readonly #receiver: EventReceiver;
  readonly #log: Log;
  readonly #throttle = new RequestThrottle(requestRate);

  constructor(options: {
    api: DiscordApi;
    positions: ReadPositions;
    receiver: EventReceiver;
    log: Log;
  }) {
    this.#api = options.api;
    this.#positions = options.positions;
    this.#receiver = options.receiver;
    this.#log = options.log;
  }

  /** Direct conversations: Discord does not tell of them, so each that is known is asked for. */
  directChannels(): ReadableChannel[] {
    const horizon = idAt(Date.now() - maxDirectAgeMs);
    return this.#positions.keys().flatMap((place) => {
      const id = directChannel(place);
      const recent = byAge(this.#positions.get(place) ?? '', horizon) > 0;
      return id !== undefined && recent ? [{ id }] : [];
    });
  }

  /**
   * Finds out which of these channels hold something that was not read, and pins their marks: what
   * is said from now on must not hide it. In a channel without a mark this is what is newer than
   * all that was heard in its guild. Nothing is meant for the bot that was said before it came, or
   * while it might not read the channel.
   */
  plan(channels: readonly ReadableChannel[]): UnreadChannel[] {
    const unread = channels.flatMap((channel) => {
      const after = this.#lastRead(channel);
      if (after === undefined) return [];
      this.#positions.hold(positionKeyOf(channel), after);
      return [{ ...channel, after }];
    });
    for (const { guild, newest = '', joined = '' } of channels) {
      const heard = younger(newest, joined);
      if (guild !== undefined && heard !== '') this.#positions.noteNewest(guild, heard);
    }
    return unread;
  }

  /**
   * Hands in what was said there, oldest first. What Discord gives no answer for is tried again for
   * a day. Throws nothing but the signal's reason: then the next start reads the rest.
   */
  async run(channels: readonly UnreadChannel[], signal: AbortSignal): Promise<void> {
    if (channels.length === 0) return;
    const triesEnd = Date.now() + maxAgeMs;
    const readings = channels.map((channel) => ({ channel, after: channel.after, messages: 0 }));
    let left: ChannelProgress[] = readings;
    for (let failures = 0; left.length > 0 && Date.now() < triesEnd;) {
      const outcomes = new Map<ChannelProgress, Outcome>();
      for (const reading of left) outcomes.set(reading, await this.#readOn(reading, signal));
      left = left.filter((reading) => outcomes.get(reading) !== 'done');
      if (left.length === 0 || left.some((reading) => outcomes.get(reading) === 'more')) continue;
      failures += 1;
      await wait(backoffMs(failures, firstRetryMs, slowestRetryMs), signal);
    }
    for (const { channel } of left) this.#positions.release(positionKeyOf(channel), false);
    const messages = readings.reduce((sum, reading) => sum + reading.messages, 0);
    this.#log.info({ channels: channels.length, messages }, 'discord read again');
  }

  /** Reads some pages more of a channel. */
  async #readOn(reading: ChannelProgress, signal: AbortSignal): Promise<Outcome> {
    const { channel } = reading;
    const place = positionKeyOf(channel);
    try {
      const isWhole = await this.#read(reading, signal);
      if (!isWhole && reading.messages < maxMessages) return 'more';
      if (isWhole) {
        // The newest message may be gone, or none of anybody's: it is not to be looked for again.
        if (channel.newest !== undefined) this.#positions.advance(place, channel.newest);
      } else {
        this.#log.warn(
          { channel: channel.id, messages: reading.messages },
          'too much was said to read all of it again; the next start reads on',
        );
      }
      this.#positions.release(place, isWhole);
      return 'done';
    } catch (error) {
      signal.throwIfAborted();
      this.#log.warn({ err: error, channel: channel.id }, 'channel not read again');
      if (!(error instanceof DiscordApiError)) return 'failed';
      // What may not be read will not be readable later.
      this.#positions.release(place, true);
      return 'done';
    }
  }

  /** The message behind which there may be something new; undefined if there is nothing. */
  #lastRead(channel: ReadableChannel): string | undefined {
    const { id, guild, joined = '', parent = '' } = channel;
    // Discord tells of no message where nobody ever said anything, and in direct conversations.
    const newest = channel.newest ?? (guild === undefined ? undefined : id);
    const mark = this.#positions.get(positionKeyOf(channel));
    const heard = guild === undefined ? '' : this.#positions.newestIn(guild);
    const known = mark ?? (heard === '' ? newest : heard);
    if (known === undefined) return undefined;
    const gaps = [this.#positions.ignoredBefore(id), this.#positions.ignoredBefore(parent)];
    const read = [joined, ...gaps].reduce(younger, known);
    if (newest === undefined || byAge(newest, read) > 0) {
      return younger(read, idAt(Date.now() - maxAgeMs));
    }
    this.#positions.advance(positionKeyOf(channel), newest);
    return undefined;
  }

  /** True once there is nothing more to read. */
  async #read(reading: ChannelProgress, signal: AbortSignal): Promise<boolean> {
    const { id, guild } = reading.channel;
    for (let page = 1; ; page += 1) {
      const query = { after: reading.after, limit: `${pageSize}` };
      const path = `/channels/${id}/messages` as const;
      const messages = messagesOldestFirst(
        await this.#api.read(path, query, this.#throttle, signal),
      );
      for (const message of messages) {
        signal.throwIfAborted();
        if (isSnowflake(message['id'])) reading.after = message['id'];
        await this.#receive(message, guild);
        reading.messages += 1;
      }
      this.#positions.advanceTo(positionKeyOf(reading.channel), reading.after);
      if (messages.length < pageSize) return true;
      if (page === pagesAtOnce) return false;
    }
  }

  async #receive(message: JsonRecord, guild: string | undefined): Promise<void> {
    const said = parseMessage(message, guild === undefined ? {} : { guild });
    if (said !== undefined) await this.#receiver.receiveMessage(said);
  }
}

/** `more` and `failed` are worth another try, the latter after a while. */
type Outcome = 'done' | 'more' | 'failed';

function positionKeyOf({ id, guild }: ReadableChannel): string {
  return guild === undefined ? directKey(id) : id;
}
