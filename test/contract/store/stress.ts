import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ConversationId } from '../../../src/core/domain/conversation.ts';
import { ClaimLost } from '../../../src/core/domain/errors.ts';
import type { Message } from '../../../src/core/domain/message.ts';
import type { AcceptResult, Lease, Store, ClaimedTurn } from '../../../src/core/ports/store.ts';
import { newConversation, question } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

const conversations = 12;
const messagesEach = 25;
const owners = 4;
/** Short, so that turns which their owner leaves are taken over during the test. */
const leaseMs = 40;

/** Everything at once: each message is answered once, in order, by whichever owner. */
export function stress({ start, beside }: StoreSetup): void {
  it.each([1, 2, 3])('loses nothing and duplicates nothing under load (seed %i)', async (seed) => {
    const store = await start();
    const handles = [store, await beside()] as const;
    const chance = randomFrom(seed);
    const ids = Array.from({ length: conversations }, newConversation);
    const expected = new Map<ConversationId, Set<string>>();
    let sending = conversations;

    const leases = Array.from({ length: owners }, (_, i) => ({ owner: `owner ${i}`, leaseMs }));
    /** Some owners begin with what they take in. */
    const receive = async (store: Store, message: Message): Promise<AcceptResult> => {
      const asked = { stops: false, tokens: 1 };
      if (chance() < 0.5) return store.accept(message, asked);
      const lease = leases[Math.floor(chance() * owners)]!;
      const { receipt, work } = await store.acceptAndClaim(message, asked, lease);
      let next = work;
      while (next !== undefined) next = await attempt(store, next, lease, chance);
      return receipt;
    };

    const send = async (conversation: ConversationId, number: number): Promise<void> => {
      const store = handles[number % 2]!;
      const wanted = new Set<string>();
      expected.set(conversation, wanted);
      for (let i = 0; i < messagesEach; i += 1) {
        const id = `m${i}`;
        // Platforms deliver late, out of order and twice.
        const sentAt = 1_000 + i * 10 - Math.floor(chance() * 30);
        const message = question(conversation, id, { sentAt });
        const copies = chance() < 0.3 ? 2 : 1;
        const receipts = await Promise.all(
          Array.from({ length: copies }, () => receive(store, message)),
        );
        expect(receipts.filter((receipt) => receipt === 'queued')).toHaveLength(1);
        wanted.add(id);
        if (chance() < 0.15 && (await store.withdraw(conversation, id))) wanted.delete(id);
        if (chance() < 0.15) await store.revise(conversation, id, `${id} revised`, 2);
        if (chance() < 0.5) await setImmediate();
      }
      sending -= 1;
    };

    const work = async (lease: Lease, number: number): Promise<void> => {
      const store = handles[number % 2]!;
      for (;;) {
        const waiting = await store.unclaimed();
        for (const { conversation } of waiting) {
          let next = await store.claim(conversation, lease);
          while (next !== undefined) next = await attempt(store, next, lease, chance);
        }
        await setImmediate();
        if (sending === 0 && (await isOver(store, ids))) return;
      }
    };

    await Promise.all([...ids.map(send), ...leases.map(work)]);

    for (const conversation of ids) {
      const { history, running, queued } = await store.conversationView(conversation);
      expect([running, queued]).toEqual([undefined, []]);
      const users = history.filter((entry) => entry.role === 'user');
      const replies = history.filter((entry) => entry.role === 'assistant');
      const inOrder = (a: { at: number; id: string }, b: typeof a): number =>
        a.at - b.at || (a.id < b.id ? -1 : 1);
      expect(users).toEqual(users.toSorted(inOrder));
      expect(users.map((entry) => entry.id).toSorted()).toEqual(
        [...expected.get(conversation)!].toSorted(),
      );
      // Each turn has one reply, and says which questions it answers.
      const turns = Map.groupBy(users, (entry) => entry.turn);
      expect(replies).toHaveLength(turns.size);
      expect(new Set(replies.map((entry) => entry.id))).toEqual(new Set(turns.keys()));
      for (const reply of replies) {
        const answered = turns.get(reply.turn)!.map((entry) => entry.text);
        expect(reply.text).toBe(answered.join(' + '));
        expect(reply.at).toBe(turns.get(reply.turn)!.at(-1)!.at);
      }
    }
  });
}

/** One try at a turn, as an owner makes it who may fail, leave it behind or be too slow. */
async function attempt(
  store: Store,
  { claim, turn }: ClaimedTurn,
  lease: Lease,
  chance: () => number,
): Promise<ClaimedTurn | undefined> {
  try {
    await store.savePage(claim, { index: 0, key: 'k0', source: '' });
    for (let i = 0; i < chance() * 4; i += 1) await setImmediate();
    if (chance() < 0.1) return undefined;
    if (chance() < 0.1) {
      await store.release(claim, { countAttempt: chance() < 0.5 });
      return undefined;
    }
    const text = turn.messages.map((message) => message.text).join(' + ');
    await store.storeEnding(claim, { outcome: 'done', text });
    if (chance() < 0.1) return undefined;
    return await store.finish(claim, lease, 1);
  } catch (error) {
    if (error instanceof ClaimLost) return undefined;
    throw error;
  }
}

async function isOver(store: Store, ids: ConversationId[]): Promise<boolean> {
  const views = await Promise.all(ids.map((id) => store.conversationView(id)));
  return views.every(({ running, queued }) => running === undefined && queued.length === 0);
}

/** The same numbers between 0 and 1 for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
