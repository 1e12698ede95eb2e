import type { ConversationId } from '../../core/conversation.ts';
import type { Message } from '../../core/message.ts';
import { mentions } from './meant.ts';
import type { Said } from './said.ts';
import type { Self } from './self.ts';
import { timeOf } from './snowflake.ts';
import { namesIn, readable, withoutBell } from './words.ts';

/** Names of channels, as far as they are known. */
export type ChannelName = (id: string) => string | undefined;

/** The message that was said, as the core takes it in. */
export function toMessage(
  said: Said,
  kind: Message['kind'],
  conversation: ConversationId,
  world: { self: Self; channelName: ChannelName; opens: boolean },
): Message {
  const { id, name } = said.author;
  return {
    id: said.id,
    conversation,
    author: { id, name },
    text: textFor(said, world.self, world.channelName),
    sentAt: timeOf(said.id),
    kind,
    ...(world.opens && kind === 'question' ? { opens: true } : {}),
  };
}

/** What was said, as people read it, without the mention that only rings the bot's bell. */
export function textFor(said: Said, self: Self, channelName: ChannelName): string {
  const people = namesIn(said).set(self.id, self.name);
  const words = readable(withoutBell(said.text, self.id), { people, channel: channelName }).trim();
  const text = [words, ...said.files].filter((part) => part !== '').join('\n');
  if (text !== '' || !mentions(said, self)) return text;
  return said.repliesTo === undefined
    ? '(mentions you without a word)'
    : '(mentions you without a word: what was said above wants your answer)';
}
