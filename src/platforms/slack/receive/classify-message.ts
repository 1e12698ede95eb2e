import { type FollowUpPolicy, mayFollowUp } from '../../../core/intake/access.ts';
import type { Participation } from '../../../core/ports/store.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { mentionsGroup, mentionedUsers } from '../messages/slack-text.ts';

/** Whether what was said mentions the bot. */
export function mentionsBot(said: SlackMessage, self: BotIdentity): boolean {
  return mentionedUsers(said.text).includes(self.userId);
}

/** Whether the bot said it itself. */
export function isOwn({ bot, user }: SlackMessage, self: BotIdentity): boolean {
  if (bot === undefined) return user === self.userId;
  return bot.id === self.botId || bot.user === self.userId;
}

/** Whether its author may be answered: a person, or a bot of those that are listed by their ids. */
export function mayAsk(said: SlackMessage, self: BotIdentity, bots: ReadonlySet<string>): boolean {
  if (isOwn(said, self)) return false;
  const { bot, user } = said;
  return bot === undefined
    ? user !== undefined
    : bots.has(bot.id ?? '') || bots.has(bot.user ?? '');
}

/** The id of who said it. */
export function authorIdOf({ user, bot }: SlackMessage): string {
  return user ?? bot?.id ?? bot?.user ?? 'bot';
}

/**
 * Whether the author belongs to another organisation. Undefined where that cannot be told from
 * the message alone.
 */
export function isOutsider(said: SlackMessage, self: BotIdentity): boolean | undefined {
  if (said.team === self.team || (said.team !== undefined && said.team === self.enterprise)) {
    return false;
  }
  // Workspaces of one organisation share channels that Slack does not call external.
  if (said.shared === false) return false;
  if (said.team === undefined) return said.shared === true ? undefined : false;
  // Of what is read later Slack does not tell whether the channel is external.
  return self.enterprise !== undefined && said.shared === undefined ? undefined : true;
}

/**
 * What is to be done with what was said: answer it, keep it as context, or (undefined) leave it
 * alone. The events `app_mention` and `message` of one message get the same answer.
 *
 * @param participation the bot's in this conversation; undefined if it takes no part
 * @param bots ids of the bots that are answered like people
 */
export function classify(
  said: SlackMessage,
  self: BotIdentity,
  followups: FollowUpPolicy,
  participation: Participation | undefined,
  bots: ReadonlySet<string> = new Set(),
): 'question' | 'context' | undefined {
  if (!mayAsk(said, self, bots)) {
    const isOther = said.bot !== undefined && !isOwn(said, self);
    return isOther && participation !== undefined ? 'context' : undefined;
  }
  if (isDirect(said.channel) || mentionsBot(said, self)) return 'question';
  if (said.threadTs === undefined || participation === undefined) return undefined;
  if (mentionsGroup(said.text) || mentionedUsers(said.text).length > 0) return 'context';
  const author = personId(self.team, authorIdOf(said));
  return mayFollowUp(author, followups, participation) ? 'question' : 'context';
}

/** Ids of people are unique in a workspace; a store may serve several. */
export function personId(team: string, user: string): string {
  return `${team}:${user}`;
}
