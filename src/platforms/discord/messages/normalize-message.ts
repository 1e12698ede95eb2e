import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { DiscordMessage } from './discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import {
  type DiscordNames,
  mentionedNames,
  mentionsIn,
  toPlainText,
  withoutBotMention,
} from './discord-text.ts';
import type { MessageTraits } from '../../common/classify-message.ts';

/** The message that was said, as the core takes it in. */
export function normalizeMessage(
  message: DiscordMessage,
  kind: Message['kind'],
  conversation: ConversationId,
  world: { bot: BotIdentity; names: DiscordNames; opens: boolean; title?: string },
): Message {
  const { id, name } = message.author;
  return {
    id: message.id,
    conversation,
    author: { id, name },
    text: messageText(message, world.bot, world.names, world.title),
    sentAt: timeOf(message.id),
    kind,
    ...(world.opens && kind === 'question' ? { opens: true } : {}),
  };
}

/**
 * A message's text as people read it, without the mention that only addresses the bot.
 *
 * @param title a line that stands above the words, such as a forum post's
 */
export function messageText(
  message: DiscordMessage,
  bot: BotIdentity,
  names: DiscordNames,
  title = '',
): string {
  const known = { ...names, people: mentionedNames(message).set(bot.id, bot.name) };
  const words = toPlainText(withoutBotMention(message.text, bot), known).trim();
  const forwarded = message.forwarded.map((text) => `[forwarded] ${toPlainText(text, known)}`);
  const parts = [title, words, ...forwarded, ...message.files];
  const text = parts.filter((part) => part !== '').join('\n');
  if (text !== '' || !mentionsBot(message, bot)) return text;
  return message.repliesTo === undefined
    ? '(mentions you without a word)'
    : '(mentions you without a word: what was said above wants your answer)';
}

/**
 * @param inThread the message's channel is a thread
 * @param bots ids of the bots and webhooks that are answered like people
 */
export function traitsOf(
  message: DiscordMessage,
  bot: BotIdentity,
  inThread: boolean,
  bots: ReadonlySet<string> = new Set(),
): MessageTraits {
  return {
    isDirect: message.guild === undefined,
    mentionsBot: mentionsBot(message, bot) || repliesToBot(message, bot),
    mentionsOthers: mentionsOthers(message, bot),
    inThread,
    mayAsk: mayAsk(message, bot, bots),
  };
}

/**
 * Whether the text mentions the bot, or the role that is the bot's alone. Ignores mentions that do
 * not notify: the automatic mention in a reply, mentions inside code, and those in a forwarded
 * message.
 */
export function mentionsBot(message: DiscordMessage, bot: BotIdentity): boolean {
  const { people, roles } = mentionsIn(message.text);
  if (roles.some((id) => bot.roles.has(id))) return true;
  return people.includes(bot.id) && message.mentions.some(({ id }) => id === bot.id);
}

/** Whether it replies to one of the bot's messages. */
export function repliesToBot(message: DiscordMessage, bot: BotIdentity): boolean {
  return message.repliesTo?.author?.id === bot.id;
}

/** Whether the author may be answered: a person, or a bot that is listed by its id. */
export function mayAsk(
  { author }: DiscordMessage,
  bot: BotIdentity,
  bots: ReadonlySet<string>,
): boolean {
  return author.id !== bot.id && (!author.bot || bots.has(author.id));
}

function mentionsOthers(
  { mentionsEveryone, mentionedRoles, text, author, repliesTo }: DiscordMessage,
  bot: BotIdentity,
): boolean {
  if (mentionsEveryone || mentionedRoles.some((id) => !bot.roles.has(id))) return true;
  if (mentionsIn(text).people.length > 0) return true;
  // Discord does not always send along the message that is replied to: it may be anybody's.
  if (repliesTo?.author === undefined) return repliesTo?.deleted === true;
  return repliesTo.author.id !== author.id;
}
