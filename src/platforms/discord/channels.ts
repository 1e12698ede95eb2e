import { type Fields, fieldsOf, listOf, textOf } from '../../core/fields.ts';
import type { DiscordApi } from './api.ts';
import { codes, Refused } from './faults.ts';
import { isSnowflake } from './snowflake.ts';

/** What there is to know of a channel. */
export interface Channel {
  readonly id: string;
  readonly kind: 'direct' | 'thread' | 'channel';
  readonly name?: string;
  /** Of a thread or a forum post. */
  readonly parent?: string;
}

const directTypes = new Set<unknown>([1, 3]);
const threadTypes = new Set<unknown>([10, 11, 12]);
/** Beyond this many the one known longest is forgotten, and asked for when it is needed. */
const maxKnown = 20_000;

/** What kind of place each channel is: told by events, or asked for. */
export class Channels {
  readonly #api: DiscordApi;
  readonly #known = new Map<string, Channel>();

  constructor(api: DiscordApi) {
    this.#api = api;
  }

  /** Throws what `DiscordApi.call` throws; undefined if there is no such channel. */
  async find(id: string, signal: AbortSignal): Promise<Channel | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    try {
      return this.learn(await this.#api.call('GET', `/channels/${id}`, {}, signal));
    } catch (error) {
      if (error instanceof Refused && error.code === codes.unknownChannel) return undefined;
      throw error;
    }
  }

  /** Takes in what an event tells of a channel, a thread, or a whole guild. */
  learn(payload: unknown): Channel | undefined {
    const fields = fieldsOf(payload);
    for (const one of [...listOf(fields['channels']), ...listOf(fields['threads'])]) {
      this.learn(one);
    }
    const channel = channelIn(fields);
    if (channel === undefined) return undefined;
    if (this.#known.size >= maxKnown) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(channel.id, channel);
    return channel;
  }

  knows(id: string): boolean {
    return this.#known.has(id);
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  readonly nameOf = (id: string): string | undefined => this.#known.get(id)?.name;
}

function channelIn(fields: Fields): Channel | undefined {
  const { id, type, parent_id: parent } = fields;
  if (!isSnowflake(id) || typeof type !== 'number') return undefined;
  const name = textOf(fields['name']);
  const kind = directTypes.has(type) ? 'direct' : threadTypes.has(type) ? 'thread' : 'channel';
  return {
    id,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(kind === 'thread' && isSnowflake(parent) ? { parent } : {}),
  };
}
