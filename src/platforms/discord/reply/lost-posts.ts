import { LRUCache } from 'lru-cache';
import { CallFailed } from '../../../core/domain/errors.ts';
import { asRecord, asText } from '../../../core/foreign-data.ts';
import { compareIds } from '../../common/read-positions.ts';
import { type DiscordApi, messagesOldestFirst } from '../api/rest-api.ts';
import type { ReplyLocation } from './reply-location.ts';

/** A page's channel and message, as one id. */
export function pageId(channel: string, message: string): string {
  return `${channel}/${message}`;
}

export function parsePageId(id: string): { channel: string; message: string } {
  const [channel = '', message = ''] = id.split('/');
  return { channel, message };
}

/** A page whose post got no answer. */
interface LostPost {
  /** Its place in its reply, from 0. */
  readonly index: number;
  /** All of the reply's posts are younger than this id. */
  readonly after: string;
  /** The bot's user id; undefined until it is known. */
  readonly botId: string | undefined;
}

/** The message of a page whose post got no answer, if it was posted here. */
export async function findLostPost(
  api: DiscordApi,
  { channel, replyTo }: ReplyLocation,
  { index, after, botId }: LostPost,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (botId === undefined) throw new CallFailed('it is not known yet who the bot is');
  const path = `/channels/${channel}/messages` as const;
  const found = await api.call('GET', path, { query: { after, limit: '100' } }, signal);
  return findPageAmong(messagesOldestFirst(found), { author: botId, replyTo, index });
}

/** Messages that people see as such: not "started a thread", not "pinned a message". */
const messageTypes = new Set<unknown>([0, 19]);

/**
 * The post of a page, in an answer that lists the messages behind the question. Undefined unless
 * the bot's own messages there are this reply's pages up to this one: only then is it certain
 * which is which.
 *
 * @param page.author the bot's user id
 * @param page.replyTo the message that all pages of the reply reply to, if they do
 * @param page.index the page's place in its reply, from 0
 */
export function findPageAmong(
  messages: readonly unknown[],
  {
    author,
    replyTo,
    index,
  }: { readonly author: string; readonly replyTo: string | undefined; readonly index: number },
): string | undefined {
  const own = messages
    .map(asRecord)
    .filter(({ type }) => messageTypes.has(type))
    .filter((message) => asRecord(message['author'])['id'] === author)
    .filter((message) => asRecord(message['message_reference'])['message_id'] === replyTo)
    .map(({ id }) => asText(id) ?? '')
    .toSorted(compareIds);
  return own.length === index + 1 ? own[index] : undefined;
}

/** The page that each post made, by its nonce, as its event or its answer tells. */
export class PostsByNonce extends LRUCache<string, string> {
  constructor() {
    // More than are posted between a call and its answer.
    super({ max: 10_000 });
  }
}
