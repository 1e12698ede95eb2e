// Tested by test/contract/platform/slack.test.ts
import type { ConversationId } from '../domain/conversation.ts';
import type { Message } from '../domain/message.ts';
import type { Intake } from '../ports/platform.ts';
import type { Store } from '../ports/store.ts';
import { wait } from '../timing.ts';

/** Longest time that an answer runs, in milliseconds. */
const longestMs = 24 * 60 * 60_000;

export interface EndAnswersOptions {
  /** The platform's name. */
  readonly platform: string;
  /** When it was ordered, in milliseconds since the epoch. */
  readonly orderedAt: number;
  readonly intake: Pick<Intake, 'stop' | 'withdraw'>;
  readonly store: Pick<Store, 'recentlyActive' | 'conversationView'>;
  /** Which questions of a conversation are meant; undefined: none of them. */
  readonly selectIn: (conversation: ConversationId) => ((question: Message) => boolean) | undefined;
}

/**
 * Ends the answers to certain questions, in whatever conversations: those that wait get none, and
 * those that are being answered are stopped. Throws `StoreUnavailable`; it may then be repeated.
 */
export async function endAnswers(options: EndAnswersOptions): Promise<void> {
  const { platform, orderedAt, intake, store, selectIn } = options;
  for (const conversation of await store.recentlyActive(platform, orderedAt - longestMs)) {
    const isMeant = selectIn(conversation);
    if (isMeant === undefined) continue;
    const { running, queued } = await store.conversationView(conversation);
    for (const { id } of queued.filter(isMeant)) await intake.withdraw(conversation, id);
    if (running?.messages.some(isMeant) === true) await intake.stop(conversation);
  }
}

/** Longest wait for an answer to end, in milliseconds: one whose owner is gone never ends. */
const patienceMs = 2_000;
/** Poll interval of its end, in milliseconds. */
const pollMs = 25;

interface Forgetter {
  readonly store: Pick<Store, 'conversationView' | 'withdraw' | 'forgetConversation'>;
  /** Stops the running answer. */
  readonly stop: (conversation: ConversationId) => Promise<boolean>;
}

/**
 * Deletes all that is kept of a conversation; returns how many messages and replies went. What is
 * being answered there is ended first, so that the model writes no further and what it used is
 * noted; what waits is not begun any more.
 */
export async function forgetConversation(
  { store, stop }: Forgetter,
  conversation: ConversationId,
): Promise<number> {
  const { signal } = new AbortController();
  const endsAt = performance.now() + patienceMs;
  let withdrawn = 0;
  let stopped: string | undefined;
  for (;;) {
    const { running, queued } = await store.conversationView(conversation, 1);
    for (const { id } of queued) if (await store.withdraw(conversation, id)) withdrawn += 1;
    if (running === undefined || performance.now() > endsAt) break;
    if (running.id !== stopped) await stop(conversation);
    stopped = running.id;
    await wait(pollMs, signal);
  }
  return withdrawn + (await store.forgetConversation(conversation));
}
