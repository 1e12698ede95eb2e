import { CallFailed } from '../../../core/domain/errors.ts';
import { type DiscordApi, messagesOldestFirst } from '../api/rest-api.ts';
import type { ReplyLocation } from './reply-location.ts';
import { findPageAmong } from './posted-pages.ts';

export interface LostPost {
  /** Its place in its reply, from 0. */
  readonly index: number;
  /** All of the reply's posts are younger than this id. */
  readonly after: string;
  /** The bot's user id; undefined while Discord has not told. */
  readonly botId: string | undefined;
}

/** The message of a page whose post got no answer, if it stands here. */
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
