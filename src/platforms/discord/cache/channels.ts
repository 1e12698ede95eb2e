// Tested by test/contract/platform/discord.test.ts
import { LRUCache } from 'lru-cache';
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import { isVisible, oneLine } from '../messages/discord-message.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** What there is to know of a channel. */
export interface Channel {
  readonly id: string;
  readonly kind: 'direct' | 'thread' | 'channel';
  readonly name?: string;
  /** Of a thread or a forum post. */
  readonly parent?: string;
  /** Of a channel that is no thread. */
  readonly category?: string;
  /** Who opened a thread. */
  readonly owner?: string;
  /** It holds posts, each a thread of its own. */
  readonly forum?: true;
}

const directTypes = new Set<unknown>([1, 3]);
const threadTypes = new Set<unknown>([10, 11, 12]);
const forumTypes = new Set<unknown>([15, 16]);
/** Time for which a channel that may not be seen is not asked for again, in ms. */
const hiddenForMs = 60_000;
/** Channels in memory; others are asked for when they are needed. */
const maxCached = 20_000;

/** What kind of place each channel is: told by events, or asked for. */
export class Channels {
  readonly #api: DiscordApi;
  readonly #known = new LRUCache<string, Channel>({ max: maxCached });
  /** Why a channel may not be seen. */
  readonly #hidden = new LRUCache<string, DiscordApiError>({
    max: maxCached,
    ttl: hiddenForMs,
    perf: performance,
  });

  constructor(api: DiscordApi) {
    this.#api = api;
  }

  /** Throws what `DiscordApi.call` throws; undefined if there is no such channel. */
  async find(id: string, signal: AbortSignal): Promise<Channel | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const hidden = this.#hidden.get(id);
    if (hidden !== undefined) throw hidden;
    try {
      return this.learn(await this.#api.call('GET', `/channels/${id}`, {}, signal));
    } catch (error) {
      if (!(error instanceof DiscordApiError)) throw error;
      if (error.code === errorCodes.unknownChannel) return undefined;
      this.#hidden.set(id, error);
      throw error;
    }
  }

  /** The same, but for a channel that may not be looked at. */
  async findVisible(id: string, signal: AbortSignal): Promise<Channel | undefined | 'shut'> {
    try {
      return await this.find(id, signal);
    } catch (error) {
      if (error instanceof DiscordApiError) return 'shut';
      throw error;
    }
  }

  /** Takes in what an event tells of a channel, a thread, or a whole guild. */
  learn(payload: unknown): Channel | undefined {
    const fields = asRecord(payload);
    for (const one of [...asList(fields['channels']), ...asList(fields['threads'])]) {
      this.learn(one);
    }
    const channel = parseChannel(fields);
    if (channel === undefined) return undefined;
    this.#known.set(channel.id, channel);
    this.#hidden.delete(channel.id);
    return channel;
  }

  cached(id: string): Channel | undefined {
    return this.#known.get(id);
  }

  isCached(id: string): boolean {
    return this.#known.has(id);
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  readonly nameOf = (id: string): string | undefined => this.#known.get(id)?.name;
}

/** What a thread or a forum post is called, as a line for the model; empty if it is not known. */
export function threadTitle({ name, parent }: Channel, channels: Channels): string {
  if (name === undefined || !isVisible(name)) return '';
  const inForum = parent !== undefined && channels.cached(parent)?.forum === true;
  return `[${inForum ? 'post' : 'thread'}: ${oneLine(name)}]`;
}

function parseChannel(fields: JsonRecord): Channel | undefined {
  const { id, type, parent_id: parent, owner_id: owner } = fields;
  if (!isSnowflake(id) || typeof type !== 'number') return undefined;
  const name = asText(fields['name']);
  const kind = directTypes.has(type) ? 'direct' : threadTypes.has(type) ? 'thread' : 'channel';
  return {
    id,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(kind === 'thread' && isSnowflake(parent) ? { parent } : {}),
    ...(kind === 'channel' && isSnowflake(parent) ? { category: parent } : {}),
    ...(kind === 'thread' && isSnowflake(owner) ? { owner } : {}),
    ...(forumTypes.has(type) ? { forum: true as const } : {}),
  };
}
