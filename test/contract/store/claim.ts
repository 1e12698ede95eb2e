import { describe, expect, it } from 'vitest';
import { turnIdOf } from '../../../src/core/domain/turn.ts';
import {
  alice,
  answer,
  ask,
  bob,
  context,
  doneEnding,
  eventually,
  briefLease,
  mustClaim,
  newConversation,
  question,
  type StoreSetup,
  textsOf,
} from './store-fixture.ts';

/** Claiming turns. */
export function claim({ start }: StoreSetup): void {
  describe('claim', () => {
    it('makes the turn’s id from the conversation and its first question', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      await ask(store, question(c, 'B', { sentAt: 2 }), question(c, 'A', { sentAt: 1 }));
      await ask(store, question(other, 'A'));
      const { claim, turn } = await mustClaim(store, c);
      expect(turn.id).toBe(turnIdOf(c, 'A'));
      expect((await mustClaim(store, other)).turn.id).toBe(turnIdOf(other, 'A'));
      await ask(store, question(c, 'C–é'));
      await store.storeEnding(claim, doneEnding);
      expect((await store.finish(claim, alice, 1))?.turn.id).toBe(turnIdOf(c, 'C–é'));
    });

    it('puts all waiting questions into one turn, by the platform’s time, then by id', async () => {
      const store = await start();
      const c = newConversation();
      const late = question(c, 'late', { sentAt: 30 });
      const [b, a] = [question(c, 'b', { sentAt: 20 }), question(c, 'a', { sentAt: 20 })];
      const early = question(c, 'early', { sentAt: 10 });
      await ask(store, late, b, early, a);
      const { claim, turn, history } = await mustClaim(store, c);
      expect(turn).toEqual({
        id: claim.turn,
        conversation: c,
        messages: [early, a, b, late],
        attempt: 1,
        startedAt: expect.any(Number),
        pages: [],
        stopRequested: false,
      });
      // The store may have a clock of its own.
      expect(Math.abs(turn.startedAt - Date.now())).toBeLessThan(10_000);
      expect(claim.conversation).toBe(c);
      expect(history).toEqual([]);
      expect((await store.conversationView(c)).queued).toEqual([]);
    });

    it('claims nothing where there is nothing to do', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.claim(c, alice)).toBeUndefined();
      await ask(store, question(c, 'A'));
      await answer(store, c);
      expect(await store.claim(c, alice)).toBeUndefined();
    });

    it('has one owner of a conversation at a time, who cannot claim it twice', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const leases = [alice, bob, alice, bob, alice];
      const works = await Promise.all(leases.map((lease) => store.claim(c, lease)));
      expect(works.filter((work) => work !== undefined)).toHaveLength(1);
      await ask(store, question(c, 'B'));
      expect(await store.claim(c, bob)).toBeUndefined();
      expect(await store.unclaimed()).toEqual([]);
    });

    it('claims an interrupted turn again, with its pages and one more attempt', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const first = await mustClaim(store, c);
      await store.savePage(first.claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      await store.release(first.claim, { countAttempt: true });
      await ask(store, question(c, 'B'));
      const second = await mustClaim(store, c, bob);
      expect(second.turn).toEqual({
        ...first.turn,
        attempt: 2,
        pages: [{ index: 0, key: 'k0', id: 'p0', source: 'Once' }],
      });
      expect(textsOf((await store.conversationView(c)).queued)).toEqual(['B']);
    });

    it('claims a turn with a stored ending with that ending', async () => {
      const store = await start();
      const c = newConversation();
      const ending = { outcome: 'failed', text: 'Half', note: 'The model is away.' } as const;
      await ask(store, question(c, 'A'));
      const first = await mustClaim(store, c);
      await store.storeEnding(first.claim, ending);
      await store.release(first.claim, { countAttempt: true });
      expect((await mustClaim(store, c)).turn.ending).toEqual(ending);
    });

    it('lets another owner take over once the lease ended', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const first = await mustClaim(store, c, briefLease);
      const second = await eventually(() => mustClaim(store, c, bob));
      expect(second.turn).toEqual({ ...first.turn, attempt: 2 });
      expect(second.claim.fence).toBeGreaterThan(first.claim.fence);
    });

    it('uses no fence twice', async () => {
      const store = await start({ retentionMs: 1 });
      const c = newConversation();
      const fences: number[] = [];
      for (const text of ['A', 'B', 'C']) {
        await ask(store, question(c, text));
        const first = await mustClaim(store, c);
        await store.release(first.claim, { countAttempt: false });
        const second = await mustClaim(store, c);
        await ask(store, question(c, `${text}, too`));
        await store.storeEnding(second.claim, doneEnding);
        const third = await store.finish(second.claim, alice, 5);
        await store.storeEnding(third!.claim, doneEnding);
        await store.finish(third!.claim, alice, 5);
        await store.sweep();
        fences.push(first.claim.fence, second.claim.fence, third!.claim.fence);
      }
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    });

    it('returns the newest history, oldest first', async () => {
      const store = await start({ historyLimit: 3 });
      const c = newConversation();
      for (const at of [4, 2, 5, 1, 3]) await ask(store, context(c, `${at}`, { sentAt: at }));
      await ask(store, question(c, 'A', { sentAt: 6 }));
      expect(textsOf((await mustClaim(store, c)).history)).toEqual(['3', '4', '5']);
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['3', '4', '5']);
    });
  });
}
