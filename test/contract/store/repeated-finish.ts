import { describe, expect, it } from 'vitest';
import { ClaimLost } from '../../../src/core/domain/errors.ts';
import {
  alice,
  ask,
  bob,
  doneEnding,
  eventually,
  briefLease,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  startAnswering,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Repetitions of `finish` by an owner who lost the response. */
export function repeatedFinish({ start }: StoreSetup): void {
  describe('finish, repeated', () => {
    it('resolves to the same next turn, and changes nothing', async () => {
      const { store, c, claim } = await startAnswering(start);
      await ask(store, question(c, 'B'));
      await store.storeEnding(claim, doneEnding);
      const [first, second] = await Promise.all([
        store.finish(claim, alice, 5),
        store.finish(claim, alice, 5),
      ]);
      const before = await store.conversationView(c);
      expect(textsOf(first!.turn.messages)).toEqual(['B']);
      expect(first!.turn.attempt).toBe(1);
      expect(second).toEqual(first);
      await ask(store, question(c, 'C'));
      expect(await store.finish(claim, alice, 5)).toEqual(first);
      expect(await store.conversationView(c)).toEqual({ ...before, queued: [question(c, 'C')] });
      await store.storeEnding(first!.claim, doneEnding);
      expect(textsOf((await store.finish(first!.claim, alice, 5))!.turn.messages)).toEqual(['C']);
    });

    it('renews the lease of the next turn', async () => {
      const store = await start();
      const [c, lapsed] = [newConversation(), newConversation()];
      await ask(store, question(c, 'A'), question(lapsed, 'A'));
      const { claim } = await mustClaim(store, c);
      await ask(store, question(c, 'B'));
      await store.storeEnding(claim, doneEnding);
      const first = await store.finish(claim, { ...alice, leaseMs: briefLease.leaseMs }, 5);
      expect(await store.finish(claim, alice, 5)).toEqual(first);
      await mustClaim(store, lapsed, briefLease);
      await eventually(async () => expect(await isWaiting(store, lapsed)).toBe(true));
      expect(await store.claim(c, bob)).toBeUndefined();
    });

    it('resolves to nothing again, whatever came meanwhile', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.storeEnding(claim, doneEnding);
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      await ask(store, question(c, 'B'));
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      expect(await isWaiting(store, c)).toBe(true);
      const { claim: next } = await mustClaim(store, c, bob);
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      expect((await store.renew([next], bob)).lost).toEqual([]);
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['A', doneEnding.text]);
    });

    it('resolves to nothing after the next turn was released or claimed', async () => {
      const { store, c, claim } = await startAnswering(start);
      await ask(store, question(c, 'B'));
      await store.storeEnding(claim, doneEnding);
      const next = await store.finish(claim, alice, 5);
      await store.release(next!.claim, { countAttempt: true });
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      const taken = await mustClaim(store, c, bob);
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      expect((await store.conversationView(c)).running).toEqual(taken.turn);
      expect((await store.renew([taken.claim], bob)).lost).toEqual([]);
    });

    it('is refused to an owner that did not finish the turn', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const lapsed = await mustClaim(store, c, briefLease);
      const taken = await eventually(() => mustClaim(store, c, bob));
      await ask(store, question(c, 'B'));
      await store.storeEnding(taken.claim, doneEnding);
      const next = await store.finish(taken.claim, bob, 5);
      for (const [claim, lease] of [
        [lapsed.claim, briefLease],
        [lapsed.claim, bob],
        [taken.claim, briefLease],
      ] as const) {
        await expect(store.finish(claim, lease, 5)).rejects.toBeInstanceOf(ClaimLost);
      }
      expect((await store.conversationView(c)).running).toEqual(next!.turn);
    });
  });
}
