import { describe, expect, it } from 'vitest';
import { ClaimLost, StoreUnavailable } from '../../../src/core/domain/errors.ts';
import {
  alice,
  answer,
  ask,
  questionOptions,
  bob,
  context,
  doneEnding,
  eventually,
  briefLease,
  mustClaim,
  newConversation,
  question,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Closing and opening again. */
export function lifecycle({ start, reopen }: StoreSetup): void {
  describe('checkWritable, close and opening again', () => {
    it('says that it can write', async () => {
      const store = await start();
      await expect(store.checkWritable()).resolves.toBeUndefined();
    });

    it('refuses every step after close, which may be called twice', async () => {
      const store = await start();
      const c = newConversation();
      await Promise.all([store.close(), store.close()]);
      for (const step of [
        () => store.accept(question(c, 'A'), questionOptions),
        () => store.claim(c, alice),
        () => store.unclaimed(),
        () => store.conversationView(c),
        () => store.addEarlierHistory(c, []),
        () => store.readPositions('test'),
        () => store.acquireLeadership('role', alice),
        () => store.releaseLeadership('role', alice.owner),
        () => store.forgetConversation(c),
        () => store.forgetPerson('test', 'U1'),
        () => store.sweep(),
        () => store.checkWritable(),
      ]) {
        await expect(step()).rejects.toBeInstanceOf(StoreUnavailable);
      }
    });

    it('finds everything again', async () => {
      const store = await start();
      const [past, queued, running, ended] = Array.from({ length: 4 }, newConversation);
      const all = [past!, queued!, running!, ended!];
      for (const c of all) await ask(store, question(c, 'A', { sentAt: 1 }), context(c, 'ctx'));
      await answer(store, past!);
      const { claim } = await mustClaim(store, running!, briefLease);
      await store.savePage(claim, { index: 0, key: 'k0', source: 'Onc' });
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      await store.requestStop(running!);
      await ask(store, question(running!, 'B', { sentAt: 2 }));
      const concluded = await mustClaim(store, ended!, briefLease);
      await store.storeEnding(concluded.claim, { ...doneEnding, note: 'A note.' });
      const before = await Promise.all(all.map((c) => store.conversationView(c)));

      const again = await reopen();
      expect(await Promise.all(all.map((c) => again.conversationView(c)))).toEqual(before);
      for (const c of all) {
        expect(await again.accept(question(c, 'A'), questionOptions)).toBe('duplicate');
      }
      await eventually(async () => {
        const waiting = await again.unclaimed();
        expect(new Map(waiting.map((each) => [each.conversation, each.attempts]))).toEqual(
          new Map([
            [queued, 0],
            [running, 1],
            [ended, 1],
          ]),
        );
      });
      const resumed = await mustClaim(again, running!, bob);
      expect(resumed.turn).toEqual({ ...before[2]!.running, attempt: 2 });
      await expect(
        again.savePage(claim, { index: 0, key: 'k0', source: 'stale' }),
      ).rejects.toBeInstanceOf(ClaimLost);
    });
  });
}
