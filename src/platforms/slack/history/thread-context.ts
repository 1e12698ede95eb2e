// Tested by test/unit/platforms/slack/receive/access-check.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { AccessCheck } from '../receive/access-check.ts';
import type { EarlierEntry } from '../../../core/ports/platform.ts';
import type { Users } from '../api/users.ts';
import { locationOf } from '../messages/conversation-location.ts';
import { type SlackMessage, parseMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import type { ThreadReader } from './thread-reader.ts';
import { normalizeMessage } from '../messages/normalize-message.ts';
import { mentionedUsers } from '../messages/slack-text.ts';

/** The thread's beginning and its newest messages; more would not fit the model's budget. */
const maxMessages = 200;

const context = { kind: 'context', opens: false } as const;

/**
 * What was said in a thread before these messages, with names, oldest first: the bot was called
 * into the middle of it. Empty where they are its beginning, or there is no thread.
 */
export async function threadContext(
  conversation: ConversationId,
  messages: readonly Message[],
  world: { bot: BotIdentity; threads: ThreadReader; users: Users; accessCheck: AccessCheck },
  signal: AbortSignal,
): Promise<readonly EarlierEntry[]> {
  const { bot, threads, users, accessCheck } = world;
  const { channel, root } = locationOf(conversation);
  const first = messages[0];
  if (root === undefined || first === undefined || first.id === root) return [];
  const asked = new Set(messages.map((message) => message.id));
  const thread = await threads.replies({ channel, root }, signal, { latest: first.id });
  const before = thread
    .map((message) => parseMessage(message, { channel }))
    .filter(
      (one): one is SlackMessage => one !== undefined && one.ts < first.id && !asked.has(one.ts),
    )
    .filter((one) => accessCheck.denialReasonFromMessageAlone(one) === undefined);
  const newest =
    before.length <= maxMessages
      ? before
      : [...before.slice(0, 1), ...before.slice(1 - maxMessages)];
  const allowed = await Promise.all(newest.map((one) => mayBeRead(one, accessCheck, signal)));
  const kept = newest.filter((_, at) => allowed[at]);
  const authors = kept.map(({ user }) => user);
  const mentioned = kept.map(({ text }) => mentionedUsers(text));
  const names = await users.namesOf(authors, mentioned, signal);
  return kept.map((one) => {
    const { id, author, text, sentAt: at } = normalizeMessage(one, context, bot, names);
    return { id, role: 'user', author, text, at };
  });
}

/** A message is left out if the decision depends on something that Slack does not say in time. */
async function mayBeRead(
  message: SlackMessage,
  accessCheck: AccessCheck,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await accessCheck.denialReason(message, signal)) === undefined;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return false;
  }
}
