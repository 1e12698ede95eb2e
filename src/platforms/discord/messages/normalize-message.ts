import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import { mentionsBot } from '../receive/message-traits.ts';
import type { DiscordMessage } from './discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import {
  type DiscordNames,
  mentionedNames,
  toPlainText,
  withoutBotMention,
} from './discord-text.ts';

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
