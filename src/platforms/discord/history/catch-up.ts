// Tested by test/integration/discord-catch-up.test.ts
import {
  CatchUp,
  type CatchUpOptions,
  maxAgeMs,
  type Page,
  type UnreadPlace,
} from '../../common/catch-up.ts';
import { compareIds, laterId } from '../../common/read-positions.ts';
import { RequestThrottle } from '../../common/throttles.ts';
import { type DiscordApi, messagesOldestFirst } from '../api/rest-api.ts';
import { idAt, isSnowflake } from '../api/snowflake.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';

/** A fifth of what Discord allows in all: people who ask meanwhile need the rest. */
const requestRate = { key: 'discord: reading again', burst: 10, perSecond: 10 };
/** Direct conversations in which nothing was said for longer are not asked for, in ms. */
const maxDirectAgeMs = 30 * maxAgeMs;
const pageSize = 100;

const directPrefix = '@me/';
const guildPrefix = '@guild/';
const ignoredPrefix = '@gap/';

/** Key of a read position. Direct conversations stand apart: Discord does not list them. */
export function positionKey({ guild, channel }: Pick<DiscordMessage, 'guild' | 'channel'>): string {
  return guild === undefined ? `${directPrefix}${channel}` : channel;
}

/** Key of the newest message that was read in a server, wherever it was said. */
export function guildKey(guild: string): string {
  return `${guildPrefix}${guild}`;
}

/** Key of the id before which nothing in a channel and its threads was meant for the bot. */
export function ignoredKey(channel: string): string {
  return `${ignoredPrefix}${channel}`;
}

/** Positions of whole servers, and those before which channels are ignored, are never evicted. */
export function isPermanent(key: string): boolean {
  return key.startsWith(guildPrefix) || key.startsWith(ignoredPrefix);
}

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

interface UnreadChannel extends UnreadPlace {
  readonly guild?: string;
}

/** Reads what was written in Discord while nobody received events. */
export class DiscordCatchUp extends CatchUp<UnreadChannel> {
  readonly #api: DiscordApi;
  readonly #receive: (message: DiscordMessage) => Promise<void>;
  readonly #throttle = new RequestThrottle(requestRate);
  /** Of all positions when they were loaded; empty if nothing was ever read. */
  #newestAtStart = '';

  constructor(
    options: CatchUpOptions & {
      api: DiscordApi;
      receive: (message: DiscordMessage) => Promise<void>;
    },
  ) {
    super(options);
    this.#api = options.api;
    this.#receive = options.receive;
  }

  /** Loads the read positions. Throws `StoreUnavailable`. */
  async load(): Promise<void> {
    await this.positions.load();
    for (const [key, position] of this.positions.entries()) {
      if (!key.startsWith(ignoredPrefix)) {
        this.#newestAtStart = laterId(this.#newestAtStart, position);
      }
    }
  }

  /** Direct conversations: Discord does not list them, so each that is known is asked for. */
  directChannels(): ReadableChannel[] {
    const horizon = idAt(Date.now() - maxDirectAgeMs);
    return Array.from(this.positions.entries())
      .filter(([key, read]) => key.startsWith(directPrefix) && compareIds(read, horizon) > 0)
      .map(([key]) => ({ id: key.slice(directPrefix.length) }));
  }

  /**
   * Reads those of these channels that hold something unread. Their positions are held when this
   * returns: what is said from now on must not hide it. Nothing is meant for the bot that was said
   * before it came, or while it might not read the channel.
   */
  run(channels: readonly ReadableChannel[], signal: AbortSignal): Promise<void> {
    const unread = channels.flatMap((channel): UnreadChannel[] => {
      const { id, guild, newest } = channel;
      const after = this.#lastRead(channel);
      if (after === undefined) return [];
      const key = positionKey({ channel: id, ...(guild === undefined ? {} : { guild }) });
      this.positions.hold(key, after);
      return [
        {
          key,
          channel: id,
          after,
          ...(guild === undefined ? {} : { guild }),
          ...(newest === undefined ? {} : { newest }),
        },
      ];
    });
    for (const { guild, newest = '', joined = '' } of channels) {
      const read = laterId(newest, joined);
      if (guild !== undefined && read !== '') this.positions.advance(guildKey(guild), read);
    }
    return unread.length === 0 ? Promise.resolve() : this.readAll(unread, signal);
  }

  /**
   * The message behind which there may be something new; undefined if there is nothing. In a channel
   * without a position this is the newest that was read in its guild.
   */
  #lastRead(channel: ReadableChannel): string | undefined {
    const { id, guild, joined = '', parent = '' } = channel;
    const { positions } = this;
    const key = positionKey({ channel: id, ...(guild === undefined ? {} : { guild }) });
    // Discord tells of no message where nobody ever said anything, and in direct conversations.
    const newest = channel.newest ?? (guild === undefined ? undefined : id);
    const readInGuild =
      guild === undefined ? '' : (positions.get(guildKey(guild)) ?? this.#newestAtStart);
    const known = positions.get(key) ?? (readInGuild === '' ? newest : readInGuild);
    if (known === undefined) return undefined;
    const ignored = [id, parent].map((one) => positions.get(ignoredKey(one)) ?? '');
    const read = [joined, ...ignored].reduce(laterId, known);
    if (newest === undefined || compareIds(newest, read) > 0) {
      return laterId(read, idAt(Date.now() - maxAgeMs));
    }
    positions.advance(key, newest);
    return undefined;
  }

  protected async readPage(
    { channel, guild }: UnreadChannel,
    after: string,
    signal: AbortSignal,
  ): Promise<Page> {
    const path = `/channels/${channel}/messages` as const;
    const query = { after, limit: `${pageSize}` };
    const found = messagesOldestFirst(await this.#api.read(path, query, this.#throttle, signal));
    let id = after;
    const messages = found.map((one): Page['messages'][number] => {
      const message = parseMessage(one, guild === undefined ? {} : { guild });
      if (isSnowflake(one['id'])) id = one['id'];
      return {
        id,
        receive: async () => {
          if (message !== undefined) await this.#receive(message);
        },
      };
    });
    return { messages, isLast: found.length < pageSize };
  }
}
