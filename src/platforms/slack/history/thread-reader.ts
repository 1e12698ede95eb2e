// Tested by test/unit/platforms/slack/history/catch-up.test.ts
import type { SlackApi } from '../api/web-api.ts';
import { type JsonRecord, asRecord, asList, asText } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/request-throttle.ts';
import type { SlackLocation } from '../messages/conversation-location.ts';

/** Most messages in one answer of Slack's. */
const pageSize = 200;
/** A thread longer than this many pages is read no further. */
const maxPages = 10;
/** Both methods: 50 a minute for the whole workspace. */
const perMinute = { burst: 40, perSecond: 0.8 };

/** Reads what is written in Slack, page by page and paced. */
export class ThreadReader {
  readonly #api: SlackApi;
  readonly #replies = new RequestThrottle({ key: 'conversations.replies', ...perMinute });
  readonly #history = new RequestThrottle({ key: 'conversations.history', ...perMinute });

  constructor(api: SlackApi) {
    this.#api = api;
  }

  /** A thread's messages, its first one always among them, oldest first. */
  async replies(
    { channel, root }: { channel: string; root: string },
    signal: AbortSignal,
    args: { readonly oldest?: string; readonly latest?: string } = {},
  ): Promise<JsonRecord[]> {
    return this.#all(
      'conversations.replies',
      { channel, ts: root, ...args },
      this.#replies,
      signal,
    );
  }

  /** A channel's messages outside of threads, newest first. */
  async history(channel: string, oldest: string, signal: AbortSignal): Promise<JsonRecord[]> {
    return this.#all('conversations.history', { channel, oldest }, this.#history, signal);
  }

  /** The first message younger than `after` that matches, in the thread or the conversation. */
  async find(
    { channel, root }: SlackLocation,
    after: string,
    matches: (message: JsonRecord) => boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const more = { include_all_metadata: true, oldest: after, limit: pageSize };
    const [method, args, gate] =
      root === undefined
        ? (['conversations.history', { channel, ...more }, this.#history] as const)
        : (['conversations.replies', { channel, ts: root, ...more }, this.#replies] as const);
    for await (const page of this.#pages(method, args, gate, signal)) {
      const found = page.find(matches);
      if (found !== undefined) return asText(found['ts']);
    }
    return undefined;
  }

  async #all(
    method: string,
    args: JsonRecord,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): Promise<JsonRecord[]> {
    const messages = new Map<unknown, JsonRecord>();
    const paged = { ...args, limit: pageSize };
    for await (const page of this.#pages(method, paged, gate, signal)) {
      // A thread's first message stands at the head of each page.
      for (const message of page) messages.set(message['ts'], message);
    }
    return [...messages.values()];
  }

  async *#pages(
    method: string,
    args: JsonRecord,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): AsyncGenerator<JsonRecord[]> {
    let cursor: string | undefined;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const paged = cursor === undefined ? args : { ...args, cursor };
      const answer = await this.#api.read(method, paged, gate, signal);
      yield asList(answer['messages']).map(asRecord);
      cursor = asText(asRecord(answer['response_metadata'])['next_cursor']);
      if (cursor === undefined) return;
    }
  }
}
