// Tested by test/integration/slack-late-posts.test.ts
import { LRUCache } from 'lru-cache';
import { asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';

/** 10 minutes: longer than a lost post is looked for. */
const rememberMs = 10 * 60_000;
/** Messages; a workspace takes at most 300 posts a minute. */
const maxRemembered = 10_000;

const pageEventType = 'parley_page';

/** The metadata by which a page's post is found again. */
export function pageMetadata(key: string): JsonRecord {
  return { event_type: pageEventType, event_payload: { key } };
}

/** The key of the page that a message was posted for; undefined if it is no page's post. */
export function pageKeyOf(message: JsonRecord): string | undefined {
  const metadata = asRecord(message['metadata']);
  if (metadata['event_type'] !== pageEventType) return undefined;
  return asText(asRecord(metadata['event_payload'])['key']);
}

/** Which Slack messages are ours: those of this process's replies, by page key and by `ts`. */
export class PostedMessages {
  /** The turn whose reply is in a message, by channel and `ts`; of replies that are over, too. */
  readonly #turns = new LRUCache<string, string>({
    max: maxRemembered,
    ttl: rememberMs,
    perf: performance,
  });
  /**
   * The `ts` of posts that events reported, by channel and page key: a post whose response was lost
   * need not be looked for with a call, of which Slack allows 50 a minute.
   */
  readonly #reported = new LRUCache<string, string>({
    max: maxRemembered,
    ttl: rememberMs,
    perf: performance,
  });

  ofReply(channel: string, turn: string): ReplyMessages {
    return new ReplyMessages({
      onAdded: (ts) => this.#turns.set(`${channel} ${ts}`, turn),
      reportedTsOf: (key) => this.#reported.get(`${channel} ${key}`),
      isOfAnother: (ts) => (this.#turns.get(`${channel} ${ts}`) ?? turn) !== turn,
    });
  }

  /** An event reports a post of the bot's own. The first one counts: a second is a duplicate. */
  onReported(channel: string, key: string, ts: string): void {
    const id = `${channel} ${key}`;
    if (!this.#reported.has(id)) this.#reported.set(id, ts);
  }

  /** A message was deleted, by a person or by the bot. */
  onDeleted(channel: string, ts: string): void {
    for (const [id, reported] of this.#reported.entries()) {
      if (reported === ts && id.startsWith(`${channel} `)) this.#reported.delete(id);
    }
  }
}

interface ReplyMessagesOptions {
  readonly onAdded: (ts: string) => void;
  readonly reportedTsOf: (key: string) => string | undefined;
  readonly isOfAnother: (ts: string) => boolean;
}

/** The messages of one reply. */
export class ReplyMessages {
  readonly #options: ReplyMessagesOptions;
  /** The message of each page that is known to have one, by page key. */
  readonly #pages = new Map<string, string>();
  readonly #messages = new Set<string>();

  constructor(options: ReplyMessagesOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  has(ts: string): boolean {
    return this.#messages.has(ts);
  }

  /** The `ts` of the message that shows a page. */
  tsOf(key: string): string | undefined {
    return this.#pages.get(key);
  }

  /** The `ts` of a page's post, if an event reported it. */
  reportedTsOf(key: string): string | undefined {
    return this.#options.reportedTsOf(key);
  }

  /** Whether the message belongs to a reply of this process, this one or another. */
  isOfSomeReply(ts: string): boolean {
    return this.has(ts) || this.#options.isOfAnother(ts);
  }

  /**
   * The message belongs to the reply.
   *
   * @param key of the page that it shows, where that is known
   */
  add(ts: string, key?: string): void {
    if (key !== undefined) this.#pages.set(key, ts);
    this.#messages.add(ts);
    this.#options.onAdded(ts);
  }

  /** The message shows no page any more; returns the keys of those that it showed. */
  removePages(ts: string): string[] {
    const keys = [...this.#pages].flatMap(([key, one]) => (one === ts ? [key] : []));
    for (const key of keys) this.#pages.delete(key);
    return keys;
  }

  /** The bot is about to delete the message: the event of that must not end the reply. */
  delete(ts: string): void {
    this.#messages.delete(ts);
  }
}
