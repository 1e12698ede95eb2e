import type { Errands } from '../../core/errands.ts';
import type { DiscordApi } from './api.ts';
import type { Said } from './said.ts';
import { saying } from './say.ts';

/** Somebody who asks far too much is told the same there only now and then, in milliseconds. */
const tellEveryMs = 60_000;
/** Beyond this many, what was told first is forgotten. */
const maxKnown = 10_000;

/** What people are told besides replies. */
export class Notices {
  readonly #api: DiscordApi;
  readonly #errands: Errands;
  readonly #toldAt = new Map<string, number>();

  constructor(options: { api: DiscordApi; errands: Errands }) {
    this.#api = options.api;
    this.#errands = options.errands;
  }

  /** Tells the author why a message is not taken in, as a reply to it. */
  readonly tell = ({ id, channel, author }: Said, sentence: string): void => {
    const now = performance.now();
    const key = `${author.id} ${channel} ${sentence}`;
    if (now - (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
    this.#toldAt.delete(key);
    if (this.#toldAt.size >= maxKnown) {
      this.#toldAt.delete(this.#toldAt.keys().next().value ?? '');
    }
    this.#toldAt.set(key, now);
    this.#errands.run('tell why not', saying(this.#api, { channel, replyTo: id }, sentence));
  };
}
