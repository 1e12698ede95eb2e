import type { ConversationId } from '../../../core/domain/conversation.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Door } from '../receive/access-check.ts';
import type { Past } from '../../../core/ports/platform.ts';
import type { People } from '../api/users.ts';
import { placeOf } from '../messages/conversation-location.ts';
import { type Said, saidIn } from '../messages/slack-message.ts';
import type { Self } from '../api/identify-bot.ts';
import type { Threads } from './thread-reader.ts';
import { toMessage } from '../messages/normalize-message.ts';
import { peopleIn } from '../messages/slack-text.ts';

/** The thread's beginning and its newest messages; more would not fit the model's budget. */
const maxMessages = 200;

/**
 * What was said in a thread before these messages, with names, oldest first: the bot was called
 * into the middle of it. Empty where they are its beginning, or there is no thread.
 */
export async function earlier(
  conversation: ConversationId,
  messages: readonly Message[],
  world: { self: Self; threads: Threads; people: People; door: Door },
  signal: AbortSignal,
): Promise<readonly Past[]> {
  const { self, threads, people, door } = world;
  const { channel, root } = placeOf(conversation);
  const first = messages[0];
  if (root === undefined || first === undefined || first.id === root) return [];
  const asked = new Set(messages.map((message) => message.id));
  const thread = await threads.replies({ channel, root }, signal, { latest: first.id });
  const before = thread
    .map((message) => saidIn(message, { channel }))
    .filter((one): one is Said => one !== undefined && one.ts < first.id && !asked.has(one.ts))
    .filter((one) => door.plainRefusal(one) === undefined);
  const newest =
    before.length <= maxMessages
      ? before
      : [...before.slice(0, 1), ...before.slice(1 - maxMessages)];
  const allowed = await Promise.all(newest.map((one) => mayBeRead(one, door, signal)));
  const kept = newest.filter((_, at) => allowed[at]);
  const authors = kept.map(({ user }) => user);
  const mentioned = kept.map(({ text }) => peopleIn(text));
  const names = await people.names(authors, mentioned, signal);
  return kept.map((one) => {
    const { id, author, text, sentAt: at } = toMessage(one, 'context', self, names);
    return { id, role: 'user', author, text, at };
  });
}

/** What depends on something that Slack does not tell in time is left out. */
async function mayBeRead(said: Said, door: Door, signal: AbortSignal): Promise<boolean> {
  try {
    return (await door.refusal(said, signal)) === undefined;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return false;
  }
}
