import type { Message } from '../../../core/domain/message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { authorIdOf, personId, textMentionsBot } from '../receive/message-traits.ts';
import { conversationOf } from './conversation-location.ts';
import type { SlackMessage } from './slack-message.ts';
import { toPlainText, withoutBotMention } from './slack-text.ts';

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
