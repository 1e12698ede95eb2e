import { describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  doneEnding,
  eventually,
  briefLease,
  mustClaim,
  newConversation,
  question,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Figures for monitoring. */
export function queueDepth({ start }: StoreSetup): void {
  describe('queueDepth', () => {
    it('is nothing where nobody asked, and once all is answered', async () => {
      const store = await start();
      expect(await store.queueDepth()).toEqual({ waiting: 0, running: 0 });
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await answer(store, c);
      expect(await store.queueDepth()).toEqual({ waiting: 0, running: 0 });
    });

    it('counts waiting and running conversations, and the longest wait', async () => {
      const store = await start();
      const [first, second, third] = Array.from({ length: 3 }, () => newConversation());
      const before = Date.now();
      // What counts is how long a question lies here, whatever the platform's time says.
      await ask(store, question(first!, 'A', { sentAt: 1 }), question(first!, 'B', { sentAt: 2 }));
      const asked = Date.now();
      await eventually(() => expect(Date.now()).toBeGreaterThan(asked + 50));
      const later = Date.now();
      await ask(store, question(second!, 'A'), question(third!, 'A'));
      const all = await store.queueDepth();
      expect(all).toMatchObject({ waiting: 3, running: 0 });
      expect(all.oldestWaitMs).toBeGreaterThanOrEqual(50);
      expect(all.oldestWaitMs).toBeLessThanOrEqual(Date.now() - before + 1);

      const { claim } = await mustClaim(store, first!);
      await ask(store, question(first!, 'C'));
      const rest = await store.queueDepth();
      expect(rest).toMatchObject({ waiting: 2, running: 1 });
      expect(rest.oldestWaitMs).toBeLessThanOrEqual(Date.now() - later + 1);

      // A released turn waits again, for as long as its question does.
      await store.storeEnding(claim, doneEnding);
      await store.release(claim, { countAttempt: true });
      const again = await store.queueDepth();
      expect(again).toMatchObject({ waiting: 3, running: 0 });
      expect(again.oldestWaitMs).toBeGreaterThanOrEqual(all.oldestWaitMs!);
    });

    it('counts a conversation whose lease ended as waiting', async () => {
      const store = await start();
      const c = newConversation();
      const before = Date.now();
      await ask(store, question(c, 'A'));
      await mustClaim(store, c, briefLease);
      await eventually(async () =>
        expect(await store.queueDepth()).toMatchObject({ waiting: 1, running: 0 }),
      );
      const { oldestWaitMs } = await store.queueDepth();
      expect(oldestWaitMs).toBeGreaterThanOrEqual(briefLease.leaseMs);
      expect(oldestWaitMs).toBeLessThanOrEqual(Date.now() - before + 1);
    });

    it('does not count withdrawn questions', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await store.withdraw(c, 'A');
      expect(await store.queueDepth()).toEqual({ waiting: 0, running: 0 });
    });
  });
}
