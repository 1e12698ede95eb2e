import { describe, expect, it } from 'vitest';
import { ClaimLost } from '../../../src/core/domain/errors.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { Claim } from '../../../src/core/domain/turn.ts';
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
  stopOptions,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Renewing, losing and releasing claims. */
export function leases({ start }: StoreSetup): void {
  describe('renew', () => {
    it('keeps a lease that would have ended', async () => {
      const store = await start();
      const [kept, lapsed] = [newConversation(), newConversation()];
      await ask(store, question(kept, 'A'), question(lapsed, 'A'));
      const { claim } = await mustClaim(store, kept, briefLease);
      expect((await store.renew([claim], alice)).lost).toEqual([]);
      await mustClaim(store, lapsed, briefLease);
      await eventually(async () => expect(await isWaiting(store, lapsed)).toBe(true));
      expect(await isWaiting(store, kept)).toBe(false);
      expect(await store.claim(kept, bob)).toBeUndefined();
    });

    it('renews a lease that ended if no other owner came', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const { claim } = await mustClaim(store, c, briefLease);
      await eventually(async () => expect(await isWaiting(store, c)).toBe(true));
      expect((await store.renew([claim], alice)).lost).toEqual([]);
      expect(await isWaiting(store, c)).toBe(false);
    });

    it('names the claims that are lost, and only those', async () => {
      const store = await start();
      const names = ['mine', 'released', 'finished', 'taken'] as const;
      const claims = {} as Record<(typeof names)[number], Claim>;
      for (const name of names) {
        const c = newConversation();
        await ask(store, question(c, 'A'));
        claims[name] = (await mustClaim(store, c)).claim;
      }
      await store.release(claims.released, { countAttempt: true });
      await store.storeEnding(claims.finished, doneEnding);
      await store.finish(claims.finished, alice, 5);
      await store.release(claims.taken, { countAttempt: true });
      await mustClaim(store, claims.taken.conversation, bob);
      const { lost } = await store.renew(Object.values(claims), alice);
      expect(lost).toEqual([claims.released, claims.finished, claims.taken]);
      expect(await store.renew([], alice)).toEqual({ lost: [], stopping: [] });
    });

    it('names the claims whose turns are to be stopped, and only those', async () => {
      const store = await start();
      const names = ['goes on', 'button', 'order', 'ended', 'released'] as const;
      const claims = {} as Record<(typeof names)[number], Claim>;
      for (const name of names) {
        const c = newConversation();
        await ask(store, question(c, 'A'));
        claims[name] = (await mustClaim(store, c)).claim;
      }
      await store.requestStop(claims.button.conversation);
      await store.accept(question(claims.order.conversation, 'stop'), stopOptions);
      await store.requestStop(claims.ended.conversation);
      await store.storeEnding(claims.ended, doneEnding);
      await store.requestStop(claims.released.conversation);
      await store.release(claims.released, { countAttempt: true });
      for (let time = 0; time < 2; time += 1) {
        expect(await store.renew(Object.values(claims), alice)).toEqual({
          lost: [claims.released],
          stopping: [claims.button, claims.order],
        });
      }
    });
  });

  describe('release', () => {
    it('lets others try again, and counts the attempt if told so', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      const attempts: number[] = [];
      for (const countAttempt of [false, false, true, false, true, true]) {
        const { claim, turn } = await mustClaim(store, c);
        await store.release(claim, { countAttempt });
        const [waiting] = await store.unclaimed();
        attempts.push(turn.attempt, waiting!.attempts);
      }
      expect(attempts).toEqual([1, 0, 1, 0, 1, 1, 2, 1, 2, 2, 3, 3]);
    });
  });

  describe('a lost claim', () => {
    const refusals: Record<string, (store: Store, claim: Claim) => Promise<unknown>> = {
      savePage: (store, claim) => store.savePage(claim, { index: 0, key: 'k', source: 'x' }),
      dropPage: (store, claim) => store.dropPage(claim, 0),
      storeEnding: (store, claim) => store.storeEnding(claim, doneEnding),
      finish: (store, claim) => store.finish(claim, alice, 5),
      release: (store, claim) => store.release(claim, { countAttempt: false }),
    };

    it.each(Object.keys(refusals))('is refused by %s, without effect', async (method) => {
      const store = await start();
      const attempt = refusals[method]!;
      const c = newConversation();
      await ask(store, question(c, 'A'));

      const released = await mustClaim(store, c);
      await store.release(released.claim, { countAttempt: true });
      await expect(attempt(store, released.claim)).rejects.toBeInstanceOf(ClaimLost);

      const lapsed = await mustClaim(store, c, briefLease);
      const taken = await eventually(() => mustClaim(store, c, bob));
      const page = { index: 0, key: 'k0', id: 'p0', source: 'Bob’s' };
      await store.savePage(taken.claim, page);
      await expect(attempt(store, lapsed.claim)).rejects.toBeInstanceOf(ClaimLost);
      expect((await store.conversationView(c)).running).toEqual({ ...taken.turn, pages: [page] });

      await store.storeEnding(taken.claim, doneEnding);
      await store.finish(taken.claim, bob, 5);
      await expect(attempt(store, taken.claim)).rejects.toBeInstanceOf(ClaimLost);
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['A', doneEnding.text]);

      await ask(store, question(c, 'B', { sentAt: 1_800_000_000_000 }));
      const next = await mustClaim(store, c);
      await expect(attempt(store, taken.claim)).rejects.toBeInstanceOf(ClaimLost);
      expect((await store.conversationView(c)).running).toEqual(next.turn);
    });
  });
}
