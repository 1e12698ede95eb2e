import type { ConversationId } from '../domain/conversation.ts';
import { wait } from '../timing.ts';
import type { Store } from '../ports/store.ts';

/** How long an answer has to end, in milliseconds: that of an owner who is gone never does. */
const patienceMs = 2_000;
/** How often it is looked whether it has. */
const pollMs = 25;

interface Forgetter {
  readonly store: Pick<Store, 'view' | 'withdraw' | 'forgetConversation'>;
  /** Ends the running answer. */
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
    const { running, queued } = await store.view(conversation, 1);
    for (const { id } of queued) if (await store.withdraw(conversation, id)) withdrawn += 1;
    if (running === undefined || performance.now() > endsAt) break;
    if (running.id !== stopped) await stop(conversation);
    stopped = running.id;
    await wait(pollMs, signal);
  }
  return withdrawn + (await store.forgetConversation(conversation));
}
