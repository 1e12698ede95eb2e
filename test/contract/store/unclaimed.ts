import { describe, expect, it } from 'vitest';
import {
  ask,
  questionOptions,
  eventually,
  briefLease,
  mustClaim,
  newConversation,
  question,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Conversations without a living owner. */
export function unclaimed({ start }: StoreSetup): void {
  describe('unclaimed', () => {
    it('lists the longest waiting first, without those that are owned', async () => {
      const store = await start();
      const all = Array.from({ length: 5 }, () => newConversation());
      // The platform's time says otherwise: what counts is how long a question lies here.
      for (const [i, c] of all.entries()) {
        const asked = Date.now();
        await ask(store, question(c, 'A', { sentAt: 100 - i }));
        await eventually(() => expect(Date.now()).toBeGreaterThan(asked));
      }
      await mustClaim(store, all[1]!);
      await ask(store, question(all[1]!, 'B'));
      const { claim } = await mustClaim(store, all[2]!);
      await store.release(claim, { countAttempt: true });
      expect(await store.unclaimed()).toEqual([
        { conversation: all[0], attempts: 0 },
        { conversation: all[2], attempts: 1 },
        { conversation: all[3], attempts: 0 },
        { conversation: all[4], attempts: 0 },
      ]);
    });

    it('lists a conversation again whose lease ended', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await mustClaim(store, c, briefLease);
      await eventually(async () =>
        expect(await store.unclaimed()).toEqual([{ conversation: c, attempts: 1 }]),
      );
    });

    it('is limited in length', async () => {
      const store = await start();
      const questions = Array.from({ length: 1_100 }, () => question(newConversation(), 'A'));
      await Promise.all(questions.map((each) => store.accept(each, questionOptions)));
      expect(await store.unclaimed()).toHaveLength(1_000);
    });
  });
}
