import type { MessageTraits } from '../../common/classify-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import { mentionedUsers, mentionsGroup } from '../messages/slack-text.ts';

/** @param bots ids of the bots that are answered like people */
export function traitsOf(
  message: SlackMessage,
  bot: BotIdentity,
  bots: ReadonlySet<string> = new Set(),
): MessageTraits {
  const { text, channel, threadTs } = message;
  return {
    isDirect: isDirect(channel),
    mentionsBot: mentionsBot(message, bot),
    mentionsOthers: mentionsGroup(text) || mentionedUsers(text).some((id) => id !== bot.userId),
    inThread: threadTs !== undefined,
    mayAsk: mayAsk(message, bot, bots),
  };
}

/** Whether the message mentions the bot, in its text or where the text does not show it. */
export function mentionsBot(message: SlackMessage, bot: BotIdentity): boolean {
  return message.isAppMention === true || textMentionsBot(message, bot);
}

export function textMentionsBot({ text }: SlackMessage, bot: BotIdentity): boolean {
  return mentionedUsers(text).includes(bot.userId);
}

/** Whether the bot itself posted the message. */
export function isOwn({ botAuthor, user }: SlackMessage, bot: BotIdentity): boolean {
  if (botAuthor === undefined) return user === bot.userId;
  return botAuthor.id === bot.botId || botAuthor.user === bot.userId;
}

/** Whether the author may be answered: a person, or a bot that is listed by one of its ids. */
export function mayAsk(
  message: SlackMessage,
  bot: BotIdentity,
  bots: ReadonlySet<string>,
): boolean {
  if (isOwn(message, bot)) return false;
  const { botAuthor, user } = message;
  return botAuthor === undefined
    ? user !== undefined
    : bots.has(botAuthor.id ?? '') || bots.has(botAuthor.user ?? '');
}

/** The author's id in the workspace. */
export function authorIdOf({ user, botAuthor }: SlackMessage): string {
  return user ?? botAuthor?.id ?? botAuthor?.user ?? 'bot';
}

/** The author's id for the core: ids are unique in a workspace, and a store may serve several. */
export function personId(team: string, user: string): string {
  return `${team}:${user}`;
}

/**
 * Whether the author belongs to another organisation. Undefined where that cannot be told from
 * the message alone.
 */
export function isOutsider(message: SlackMessage, bot: BotIdentity): boolean | undefined {
  const { team, shared } = message;
  if (team === bot.team || (team !== undefined && team === bot.enterprise)) return false;
  // Workspaces of one organisation share channels that Slack does not call external.
  if (shared === false) return false;
  if (team === undefined) return shared === true ? undefined : false;
  // Of a message that is read later Slack does not tell whether the channel is external.
  return bot.enterprise !== undefined && shared === undefined ? undefined : true;
}
