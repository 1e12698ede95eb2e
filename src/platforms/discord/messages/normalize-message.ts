import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import { mentions } from '../receive/classify-message.ts';
import type { Said } from './discord-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import { type Names, namesIn, readable, withoutBell } from './discord-text.ts';

/** The message that was said, as the core takes it in. */
export function toMessage(
  said: Said,
  kind: Message['kind'],
  conversation: ConversationId,
  world: { self: Self; names: Names; opens: boolean; title?: string },
): Message {
  const { id, name } = said.author;
  return {
    id: said.id,
    conversation,
    author: { id, name },
    text: textFor(said, world.self, world.names, world.title),
    sentAt: timeOf(said.id),
    kind,
    ...(world.opens && kind === 'question' ? { opens: true } : {}),
  };
}

/**
 * What was said, as people read it, without the mention that only rings the bot's bell.
 *
 * @param title a line that stands above the words, such as a forum post's
 */
export function textFor(said: Said, self: Self, names: Names, title = ''): string {
  const known = { ...names, people: namesIn(said).set(self.id, self.name) };
  const words = readable(withoutBell(said.text, self), known).trim();
  const forwarded = said.forwarded.map((text) => `[forwarded] ${readable(text, known)}`);
  const parts = [title, words, ...forwarded, ...said.files];
  const text = parts.filter((part) => part !== '').join('\n');
  if (text !== '' || !mentions(said, self)) return text;
  return said.repliesTo === undefined
    ? '(mentions you without a word)'
    : '(mentions you without a word: what was said above wants your answer)';
}
