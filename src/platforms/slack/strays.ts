import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import type { SlackApi } from './api.ts';
import { Refused } from './faults.ts';
import { keyOf } from './page-key.ts';
import type { Place } from './place.ts';
import type { Self } from './self.ts';
import type { Threads } from './threads.ts';

export interface StraysOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly place: Place;
  /** The `ts` of the newest question. */
  readonly newest: string;
  readonly self: () => Self | undefined;
  /** Whether it is known as a message of the reply. */
  readonly isKnown: (ts: string) => boolean;
}

/** What the bot wrote behind the question. */
export interface Written {
  /** The `ts` of the posts that carry a key, by key, oldest first. */
  readonly posts: ReadonlyMap<string, readonly string[]>;
  /**
   * The `ts` of streams that were begun and whose answer was lost, oldest first: they carry no key,
   * so each message of the bot's own that nobody knows is taken for one. All others are marked.
   */
  readonly streams: readonly string[];
}

/** Messages of a reply whose answers were lost. */
export class Strays {
  readonly #options: StraysOptions;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  get channel(): string {
    return this.#options.place.channel;
  }

  /** Reads what there is now. */
  async look(signal: AbortSignal): Promise<Written> {
    const { threads, place, newest, self, isKnown } = this.#options;
    const posts = new Map<string, string[]>();
    const streams: string[] = [];
    const note = (message: Fields): false => {
      const ts = textOf(message['ts']);
      if (ts === undefined || ts <= newest || message['user'] !== self()?.userId) return false;
      const key = keyOf(message);
      const marked = fieldsOf(message['metadata'])['event_type'] !== undefined;
      if (key !== undefined) posts.set(key, [...(posts.get(key) ?? []), ts].sort());
      else if (!marked && !isKnown(ts)) streams.push(ts);
      return false;
    };
    await threads.find(place, newest, note, signal);
    return { posts, streams: streams.sort() };
  }

  /** Removes all streams that there are now. */
  async removeStreams(signal: AbortSignal): Promise<void> {
    const { streams } = await this.look(signal);
    for (const ts of streams) await this.removeStream(ts, signal);
  }

  async removeStream(ts: string, signal: AbortSignal): Promise<void> {
    await this.#call('chat.stopStream', ts, signal);
    await this.removePost(ts, signal);
  }

  async removePost(ts: string, signal: AbortSignal): Promise<void> {
    await this.#call('chat.delete', ts, signal);
  }

  async #call(method: string, ts: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.api.call(method, { channel: this.channel, ts }, signal);
    } catch (error) {
      // It is stopped, or gone, already.
      if (!(error instanceof Refused)) throw error;
    }
  }
}
