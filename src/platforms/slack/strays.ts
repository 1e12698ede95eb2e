import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import type { SlackApi } from './api.ts';
import { Refused } from './faults.ts';
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

/**
 * Streams that were begun and whose answer was lost: they carry no key, so each message of the
 * bot's own behind the question that nobody knows is taken for one. All others are marked.
 */
export class Strays {
  readonly #options: StraysOptions;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** Looks for the post with this mark, and for strays on the way. */
  async look(
    isMeant: (message: Fields) => boolean,
    signal: AbortSignal,
  ): Promise<{ found: string | undefined; strays: string[] }> {
    const { threads, place, newest } = this.#options;
    const strays: string[] = [];
    const meant = (message: Fields): boolean => {
      if (isMeant(message)) return true;
      const ts = this.#strayTs(message);
      if (ts !== undefined) strays.push(ts);
      return false;
    };
    return { found: await threads.find(place, newest, meant, signal), strays };
  }

  /** Removes all that there are now. */
  async removeAll(signal: AbortSignal): Promise<void> {
    const { strays } = await this.look(() => false, signal);
    for (const ts of strays) await this.remove(ts, signal);
  }

  async remove(ts: string, signal: AbortSignal): Promise<void> {
    const { api, place } = this.#options;
    for (const method of ['chat.stopStream', 'chat.delete']) {
      try {
        await api.call(method, { channel: place.channel, ts }, signal);
      } catch (error) {
        // It is stopped, or gone, already.
        if (!(error instanceof Refused)) throw error;
      }
    }
  }

  #strayTs(message: Fields): string | undefined {
    const { self, newest, isKnown } = this.#options;
    const ts = textOf(message['ts']);
    const user = self()?.userId;
    if (ts === undefined || ts <= newest || user === undefined) return undefined;
    const marked = fieldsOf(message['metadata'])['event_type'] !== undefined;
    return message['user'] !== user || marked || isKnown(ts) ? undefined : ts;
  }
}
