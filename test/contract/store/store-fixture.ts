import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import type { ConversationId } from '../../../src/core/domain/conversation.ts';
import type { Message } from '../../../src/core/domain/message.ts';
import type { AcceptOptions, Lease, Store, ClaimedTurn } from '../../../src/core/ports/store.ts';
import type { Ending } from '../../../src/core/domain/turn.ts';

export interface StoreSettings {
  readonly historyLimit?: number;
  readonly retentionMs?: number;
  readonly seenMs?: number;
}

/** A store of one test's own. */
export interface OpenedStore {
  readonly store: Store;
  /**
   * One more handle on the same data, as another process has it at the same time; the same store
   * again where only one process can have it.
   */
  beside(): Promise<Store>;
  /** Another store on the same data, as a process finds it that starts after a crash. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export type OpenStore = (settings: StoreSettings) => Promise<OpenedStore>;

/** What a test starts its store with; it goes after the test. */
export interface StoreSetup {
  readonly start: (settings?: StoreSettings) => Promise<Store>;
  readonly beside: () => Promise<Store>;
  readonly reopen: () => Promise<Store>;
}

/** Long enough never to end within a test. */
export const alice: Lease = { owner: 'alice', leaseMs: 60_000 };
export const bob: Lease = { owner: 'bob', leaseMs: 60_000 };
/** Ends while a test waits for it. */
export const briefLease: Lease = { owner: 'carol', leaseMs: 50 };

/** How most questions come in here, and orders to stop. */
export const questionOptions: AcceptOptions = { stops: false, tokens: 3 };
export const stopOptions: AcceptOptions = { stops: true, tokens: 1 };

export const doneEnding: Ending = { outcome: 'done', text: 'An answer.' };

/** A conversation that no other test uses. */
export function newConversation(): ConversationId {
  return conversationId('test', randomUUID());
}

/** A question; its id is its text unless said otherwise. */
export function question(
  conversation: ConversationId,
  text: string,
  rest: Partial<Message> = {},
): Message {
  return {
    id: text,
    conversation,
    author: { id: 'U1', name: 'Ann' },
    text,
    sentAt: 1_700_000_000_000,
    kind: 'question',
    ...rest,
  };
}

export function context(
  conversation: ConversationId,
  text: string,
  rest: Partial<Message> = {},
): Message {
  return question(conversation, text, { kind: 'context', ...rest });
}

/** Takes questions in, one after the other. */
export async function ask(store: Store, ...messages: Message[]): Promise<void> {
  for (const message of messages) {
    await store.accept(message, { stops: false, tokens: message.text.length });
  }
}

/** Claims a conversation that is known to have something to do. */
export async function mustClaim(
  store: Store,
  conversation: ConversationId,
  lease: Lease = alice,
): Promise<ClaimedTurn> {
  const work = await store.claim(conversation, lease);
  if (work === undefined) throw new Error(`nothing to claim in ${conversation}`);
  return work;
}

/** A store in which the question `A` is being answered in `c`. */
export async function startAnswering(
  start: StoreSetup['start'],
): Promise<ClaimedTurn & { readonly store: Store; readonly c: ConversationId }> {
  const store = await start();
  const c = newConversation();
  await ask(store, question(c, 'A'));
  return { store, c, ...(await mustClaim(store, c)) };
}

/** Answers one turn; returns what `finish` resolved to. */
export async function answer(
  store: Store,
  conversation: ConversationId,
  ending: Ending = doneEnding,
): Promise<ClaimedTurn | undefined> {
  const { claim } = await mustClaim(store, conversation);
  await store.storeEnding(claim, ending);
  return store.finish(claim, alice, 5);
}

export async function isWaiting(store: Store, conversation: ConversationId): Promise<boolean> {
  const waiting = await store.unclaimed();
  return waiting.some((each) => each.conversation === conversation);
}

/** Waits for what comes by itself within milliseconds, such as the end of a lease. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}

export function textsOf(items: readonly { readonly text: string }[]): string[] {
  return items.map((item) => item.text);
}
