import type { ConversationId } from './conversation.ts';

/** Who wrote a message. Names come from people: they are labels, never trusted. */
export interface Author {
  /** The platform's id of the person, unique within the platform. */
  readonly id: string;
  /** Absent where only one person can talk (the web page): then no name goes to the model. */
  readonly name?: string;
}

/** What a person wrote, normalised, from any platform. */
export interface Message {
  /** The platform's own id, unique in its conversation and the same at every redelivery. */
  readonly id: string;
  readonly conversation: ConversationId;
  readonly author: Author;
  readonly text: string;
  /** The platform's time, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** A question wants a reply; context is only kept for the model to read. */
  readonly kind: 'question' | 'context';
  /** The conversation begins with this question: whoever goes on in it talks to the bot. */
  readonly opens?: boolean;
}

/** Longest text that is taken in, in UTF-16 units; Slack's own limit is 40,000, Discord's 4,000. */
export const maxMessageChars = 50_000;

/**
 * Of a longer text only so much is looked at, in UTF-16 units: enough to know that it is too long,
 * though every character of what was written is an entity.
 */
export const maxRawChars = 5 * maxMessageChars;

/** Longest name that is shown to the model, in UTF-16 units. */
const maxNameChars = 64;

/** Whether the whole message is the order to end the running answer. */
export function isStopCommand(text: string): boolean {
  return /^[\s\p{P}]*(stop|cancel)[\s\p{P}]*$/iu.test(text);
}

/** Whether the whole message is the order to leave what was said so far behind. */
export function isNewCommand(text: string): boolean {
  return /^[\s\p{P}]*new[\s\p{P}]*$/iu.test(text);
}

/** Text as it can be stored, sent and counted everywhere: no NUL, no half of a surrogate pair. */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed().trim();
}

/** A name on one line and of bounded length, so that it cannot pose as a line of the dialogue. */
export function cleanName(name: string, maxChars = maxNameChars): string {
  const line = name
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.slice(0, maxChars).toWellFormed();
}

/** A message as it can be stored, with nothing in it that poses as something else. */
export function cleanMessage(message: Message): Message {
  const { id, name } = message.author;
  const author = name === undefined ? { id } : { id, name: cleanName(name) };
  return { ...message, text: cleanText(message.text), author };
}
