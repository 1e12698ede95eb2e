import { asRecord, asText } from '../../../core/foreign-data.ts';
import { compareIds } from '../../common/read-positions.ts';

/** Where a page is: its channel and its message, as one id. */
export function pageId(channel: string, message: string): string {
  return `${channel}/${message}`;
}

export function parsePageId(id: string): { channel: string; message: string } {
  const [channel = '', message = ''] = id.split('/');
  return { channel, message };
}

/** What is known of a page whose post got no answer. */
interface LostPage {
  /** The bot's user id. */
  readonly author: string;
  /** The message that all pages of its reply reply to, if they do. */
  readonly replyTo: string | undefined;
  /** Its place in its reply. */
  readonly index: number;
}

/** Messages that people see as such: not "started a thread", not "pinned a message". */
const messageTypes = new Set<unknown>([0, 19]);

/**
 * The post of a page, in an answer that lists the messages behind the question. Undefined unless
 * the bot's own messages there are this reply's pages up to this one: only then is it certain
 * which is which.
 */
export function findPageAmong(messages: readonly unknown[], { author, replyTo, index }: LostPage) {
  const own = messages
    .map(asRecord)
    .filter(({ type }) => messageTypes.has(type))
    .filter((message) => asRecord(message['author'])['id'] === author)
    .filter((message) => asRecord(message['message_reference'])['message_id'] === replyTo)
    .map(({ id }) => asText(id) ?? '')
    .toSorted(compareIds);
  return own.length === index + 1 ? own[index] : undefined;
}

/** More than are written between a post and its answer. */
const maxRemembered = 10_000;

/** Where posts arrived, by the key that they were made with. */
export class PostsByNonce {
  readonly #pages = new Map<string, string>();

  add(key: string, page: string): void {
    if (this.#pages.size >= maxRemembered) {
      this.#pages.delete(this.#pages.keys().next().value ?? '');
    }
    this.#pages.set(key, page);
  }

  find(key: string): string | undefined {
    return this.#pages.get(key);
  }
}
