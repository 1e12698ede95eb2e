import type { Message } from '../../../core/domain/message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { conversationOf, isDirect } from './conversation-location.ts';
import type { SlackMessage } from './slack-message.ts';
import { mentionedUsers, mentionsGroup, toPlainText, withoutBotMention } from './slack-text.ts';
import type { MessageTraits } from '../../common/classify-message.ts';

/**
 * The message as the core receives it.
 *
 * @param as.opens the conversation begins with it if it is a question
 * @param names of the author and of everybody mentioned, by id
 */
export function normalizeMessage(
  message: SlackMessage,
  { kind, opens }: { readonly kind: Message['kind']; readonly opens: boolean },
  bot: BotIdentity,
  names: ReadonlyMap<string, string>,
): Message {
  return {
    id: message.ts,
    conversation: conversationOf(bot.team, message),
    author: authorOf(message, bot, names),
    text: messageText(message, bot, names),
    sentAt: Number(message.ts) * 1_000,
    kind,
    ...(opens && kind === 'question' ? { opens } : {}),
  };
}

/** The text as people read it, without mentions of the bot at its ends, and with names of files. */
export function messageText(
  message: SlackMessage,
  bot: BotIdentity,
  names: ReadonlyMap<string, string>,
): string {
  const all = new Map(names).set(bot.userId, bot.name);
  const words = toPlainText(withoutBotMention(message.text, bot.userId), all).trim();
  const files = message.files.map((name) => `[file: ${name.replaceAll(/\s+/g, ' ')}]`);
  const text = [words, ...files].filter((part) => part !== '').join('\n');
  if (text !== '' || !textMentionsBot(message, bot)) return text;
  return message.threadTs === undefined
    ? '(mentions you without a word)'
    : '(mentions you without a word: what was said above wants your answer)';
}

function authorOf(
  message: SlackMessage,
  bot: BotIdentity,
  names: ReadonlyMap<string, string>,
): Message['author'] {
  const { user, botAuthor } = message;
  const id = authorIdOf(message);
  // A person without a name for us is told apart from the others by the id.
  if (user !== undefined) return { id: personId(bot.team, id), name: names.get(id) ?? id };
  const isOurs = id === bot.botId || id === bot.userId;
  return { id: personId(bot.team, id), name: isOurs ? bot.name : (botAuthor?.name ?? 'a bot') };
}

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

function textMentionsBot({ text }: SlackMessage, bot: BotIdentity): boolean {
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
