import { type Followups, mayGoOn } from '../../core/followups.ts';
import type { Participation } from '../../core/ports/store.ts';
import { isDirect } from './place.ts';
import type { Said } from './said.ts';
import type { Self } from './self.ts';
import { callsGroup, peopleIn } from './words.ts';

/** Whether what was said mentions the bot. */
export function mentions(said: Said, self: Self): boolean {
  return peopleIn(said.text).includes(self.userId);
}

/** Whether the bot said it itself. */
export function isOwn({ bot, user }: Said, self: Self): boolean {
  if (bot === undefined) return user === self.userId;
  return bot.id === self.botId || bot.user === self.userId;
}

/**
 * Whether the author belongs to another organisation. Undefined where that cannot be told from
 * the message alone.
 */
export function isOutsider(said: Said, self: Self): boolean | undefined {
  if (said.team === self.team || (said.team !== undefined && said.team === self.enterprise)) {
    return false;
  }
  // Workspaces of one organisation share channels that Slack does not call external.
  if (said.shared === false) return false;
  return said.team === undefined ? (said.shared === true ? undefined : false) : true;
}

/**
 * What is to be done with what was said: answer it, keep it as context, or (undefined) leave it
 * alone. The events `app_mention` and `message` of one message get the same answer.
 *
 * @param participation the bot's in this conversation; undefined if it takes no part
 */
export function meant(
  said: Said,
  self: Self,
  followups: Followups,
  participation: Participation | undefined,
): 'question' | 'context' | undefined {
  if (said.bot !== undefined) {
    return isOwn(said, self) || participation === undefined ? undefined : 'context';
  }
  if (said.user === undefined || said.user === self.userId) return undefined;
  if (isDirect(said.channel) || mentions(said, self)) return 'question';
  if (said.threadTs === undefined || participation === undefined) return undefined;
  if (callsGroup(said.text) || peopleIn(said.text).length > 0) return 'context';
  return mayGoOn(authorId(self.team, said.user), followups, participation) ? 'question' : 'context';
}

/** Ids of people are unique in a workspace; a store may serve several. */
export function authorId(team: string, user: string): string {
  return `${team}:${user}`;
}
