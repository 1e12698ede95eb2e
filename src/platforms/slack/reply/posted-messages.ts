import { type JsonRecord, asRecord, asText } from '../../../core/foreign-data.ts';

/** The messages that a reply is known to stand in. */
export class ReplyMessages {
  readonly #onStands: (ts: string) => void;
  /** The message of each page that is known to have one, by key. */
  readonly #pages = new Map<string, string>();
  readonly #messages = new Set<string>();

  /** @param onStands told of each message */
  constructor(onStands: (ts: string) => void) {
    this.#onStands = onStands;
  }

  /** The `ts` of the message that a page stands in. */
  of(key: string): string | undefined {
    return this.#pages.get(key);
  }

  get any(): boolean {
    return this.#messages.size > 0;
  }

  has(ts: string): boolean {
    return this.#messages.has(ts);
  }

  /** @param key of the page, where that is known */
  stands(ts: string, key?: string): void {
    if (key !== undefined) this.#pages.set(key, ts);
    this.#messages.add(ts);
    this.#onStands(ts);
  }

  /** No page stands in the message any more; returns the keys of those that did. */
  leave(ts: string): string[] {
    const keys = [...this.#pages].flatMap(([key, one]) => (one === ts ? [key] : []));
    for (const key of keys) this.#pages.delete(key);
    return keys;
  }

  /** The message is about to be deleted. */
  goes(ts: string): void {
    this.#messages.delete(ts);
  }
}

/** A post's answer is waited for, and asked after, for far less time than this, in milliseconds. */
const rememberMs = 10 * 60_000;

/**
 * Posts of the bot's own that events told of, by the key that they carry: one whose answer was lost
 * need not be looked for in Slack, which allows that 50 times a minute.
 */
export class OwnPostEvents {
  /** By channel and key; the one that was heard of first stands first. */
  readonly #posts = new Map<string, { readonly ts: string; readonly at: number }>();

  note(channel: string, key: string, ts: string): void {
    const id = `${channel} ${key}`;
    const at = performance.now();
    for (const [old, post] of this.#posts) {
      if (post.at > at - rememberMs) break;
      this.#posts.delete(old);
    }
    // The first one stands: of a second one it is known that it is one too many.
    if (!this.#posts.has(id)) this.#posts.set(id, { ts, at });
  }

  /** The `ts` of the post with this key, if an event told of it. */
  of(channel: string, key: string): string | undefined {
    return this.#posts.get(`${channel} ${key}`)?.ts;
  }

  /** A person deleted it. */
  forget(channel: string, ts: string): void {
    for (const [id, post] of this.#posts) {
      if (post.ts === ts && id.startsWith(`${channel} `)) this.#posts.delete(id);
    }
  }
}

const pageEventType = 'parley_page';

/** The metadata by which a page's post is found again. */
export function pageMetadata(key: string): JsonRecord {
  return { event_type: pageEventType, event_payload: { key } };
}

/** The idempotency key that a message carries, if it is a page's post. */
export function pageKeyOf(message: JsonRecord): string | undefined {
  const metadata = asRecord(message['metadata']);
  if (metadata['event_type'] !== pageEventType) return undefined;
  return asText(asRecord(metadata['event_payload'])['key']);
}
