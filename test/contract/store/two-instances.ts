import { describe, expect, it } from 'vitest';
import { ClaimLost } from '../../../src/core/domain/errors.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import {
  alice,
  ask,
  questionOptions,
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

/** Two instances on the same data at the same time. */
export function twoInstances({ start, beside }: StoreSetup): void {
  describe('two instances', () => {
    const startBoth = async (): Promise<[Store, Store]> => [await start(), await beside()];
    /** As many as that at the same time, each by the other handle. */
    const race = <T>(
      count: number,
      both: [Store, Store],
      step: (store: Store, number: number) => Promise<T>,
    ): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => step(both[i % 2]!, i)));

    it('see the same', async () => {
      const [one, other] = await startBoth();
      const c = newConversation();
      await ask(one, question(c, 'A', { opens: true }));
      expect(await isWaiting(other, c)).toBe(true);
      const { claim } = await mustClaim(other, c);
      expect(await isWaiting(one, c)).toBe(false);
      await other.savePage(claim, { index: 0, key: 'k0', source: 'Once' });
      await ask(other, question(c, 'B', { author: { id: 'U2' } }));
      expect(await one.conversationView(c)).toEqual(await other.conversationView(c));
      expect((await one.participation(c))?.people.toSorted()).toEqual(['U1', 'U2']);
      await one.saveReadPositions('test', new Map([['C1', '1']]));
      expect(await other.readPositions('test')).toEqual(new Map([['C1', '1']]));
    });

    it('take a message in once, however often it comes', async () => {
      const both = await startBoth();
      const c = newConversation();
      const receipts = await race(200, both, (store) =>
        store.accept(question(c, 'A'), questionOptions),
      );
      expect(receipts.filter((receipt) => receipt === 'queued')).toHaveLength(1);
      expect(receipts.filter((receipt) => receipt === 'duplicate')).toHaveLength(199);
      expect(textsOf((await both[1].conversationView(c)).queued)).toEqual(['A']);
    });

    it('take no more questions of one person than may be open', async () => {
      const both = await startBoth();
      const author = { id: newConversation() };
      const receipts = await race(10, both, (store) =>
        store.accept(question(newConversation(), 'A', { author }), {
          ...questionOptions,
          mostOpen: 3,
        }),
      );
      expect(receipts.filter((receipt) => receipt === 'queued')).toHaveLength(3);
      expect(receipts.filter((receipt) => receipt === 'too-many')).toHaveLength(7);
    });

    it('add earlier history once', async () => {
      const both = await startBoth();
      const c = newConversation();
      const past = [{ id: 'p', role: 'user', text: 'Once', at: 1, tokens: 1 }] as const;
      await race(10, both, (store) => store.addEarlierHistory(c, past));
      expect((await both[0].conversationView(c)).history).toEqual(past);
    });

    it('claim a turn once', async () => {
      const both = await startBoth();
      const c = newConversation();
      await ask(both[0], question(c, 'A'));
      const works = await race(20, both, (store, i) =>
        store.claim(c, { owner: `owner ${i}`, leaseMs: 60_000 }),
      );
      expect(works.filter((work) => work !== undefined)).toHaveLength(1);
      expect((await both[1].conversationView(c)).running?.attempt).toBe(1);
      for (const store of both) expect(await store.claim(c, bob)).toBeUndefined();
    });

    it('claim an interrupted turn once, as one more attempt', async () => {
      const both = await startBoth();
      const c = newConversation();
      await ask(both[0], question(c, 'A'));
      const lapsed = await mustClaim(both[0], c, briefLease);
      await eventually(async () => expect(await isWaiting(both[1], c)).toBe(true));
      const works = await race(20, both, (store, i) =>
        store.claim(c, { owner: `owner ${i}`, leaseMs: 60_000 }),
      );
      const [taken, ...more] = works.filter((work) => work !== undefined);
      expect(more).toEqual([]);
      expect(taken!.turn.attempt).toBe(2);
      expect(taken!.claim.fence).toBeGreaterThan(lapsed.claim.fence);
      await expect(both[0].storeEnding(lapsed.claim, doneEnding)).rejects.toBeInstanceOf(ClaimLost);
      expect(await both[0].renew([lapsed.claim], briefLease)).toEqual({
        lost: [lapsed.claim],
        stopping: [],
      });
    });

    it('see each other’s requests to stop', async () => {
      const [one, other] = await startBoth();
      const c = newConversation();
      await ask(one, question(c, 'A'));
      const { claim } = await mustClaim(one, c);
      expect(await other.accept(question(c, 'stop'), stopOptions)).toBe('stopping');
      expect((await one.renew([claim], alice)).stopping).toEqual([claim]);
    });

    it('finish a turn once, and get the same result', async () => {
      const both = await startBoth();
      const c = newConversation();
      await ask(both[0], question(c, 'A'));
      const { claim } = await mustClaim(both[0], c);
      await ask(both[1], question(c, 'B'));
      await both[0].storeEnding(claim, doneEnding);
      const works = await race(10, both, (store) => store.finish(claim, alice, 5));
      expect(works).toEqual(works.map(() => works[0]));
      expect(textsOf(works[0]!.turn.messages)).toEqual(['B']);
      expect(textsOf((await both[1].conversationView(c)).history)).toEqual(['A', doneEnding.text]);
    });

    it('hold a role one after the other', async () => {
      const both = await startBoth();
      const owners = [alice, bob] as const;
      const held = await race(20, both, (store, i) =>
        store.acquireLeadership('listen', owners[i % 2]!),
      );
      const winner = held.indexOf(true) as 0 | 1;
      expect(held.every((has, i) => has === (i % 2 === winner))).toBe(true);
      const loser = winner === 0 ? 1 : 0;
      await both[loser].releaseLeadership('listen', owners[loser].owner);
      expect(await both[loser].acquireLeadership('listen', owners[loser])).toBe(false);
      await both[winner].releaseLeadership('listen', owners[winner].owner);
      expect(await both[loser].acquireLeadership('listen', owners[loser])).toBe(true);
    });

    it('forget what one of them forgets', async () => {
      const [one, other] = await startBoth();
      const c = newConversation();
      await ask(one, question(c, 'A'));
      const { claim } = await mustClaim(one, c);
      await other.forgetConversation(c);
      await expect(one.storeEnding(claim, doneEnding)).rejects.toBeInstanceOf(ClaimLost);
      expect(await one.conversationView(c)).toEqual({ history: [], queued: [] });
    });
  });
}
