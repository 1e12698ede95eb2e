import { describe, expect, it } from 'vitest';
import {
  alice,
  answer,
  ask,
  asked,
  done,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from './store-fixture.ts';
import type { Stage } from './store-fixture.ts';

/** What people may do to questions that wait. */
export function questions({ start }: Stage): void {
  describe('revise and withdraw', () => {
    it('change and drop a question that waits', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'), question(c, 'B'), question(c, 'C'));
      expect(await store.revise(c, 'A', 'A, better', 9)).toBe(true);
      expect(await store.withdraw(c, 'B')).toBe(true);
      await answer(store, c);
      const { history } = await store.view(c);
      expect(textsOf(history)).toEqual(['A, better', 'C', done.text]);
      expect(history[0]?.tokens).toBe(9);
    });

    it('leave a question alone whose turn has begun, or is over', async () => {
      const store = await start();
      const c = newConversation();
      const tryBoth = async (): Promise<boolean[]> => [
        await store.revise(c, 'A', 'changed', 1),
        await store.withdraw(c, 'A'),
      ];
      await ask(store, question(c, 'A'));
      const { claim } = await mustClaim(store, c);
      expect(await tryBoth()).toEqual([false, false]);
      await store.release(claim, { forgive: false });
      expect(await tryBoth()).toEqual([false, false]);
      await answer(store, c);
      expect(await tryBoth()).toEqual([false, false]);
      expect(textsOf((await store.view(c)).history)).toEqual(['A', done.text]);
    });

    it('leave nothing to do once the only question is withdrawn', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await store.withdraw(c, 'A');
      expect(await store.withdraw(c, 'A')).toBe(false);
      expect(await store.revise(c, 'A', 'back', 1)).toBe(false);
      expect(await store.waiting()).toEqual([]);
      expect(await store.claim(c, alice)).toBeUndefined();
    });

    it('let a deletion overtake its message', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.withdraw(c, 'A')).toBe(false);
      expect(await store.accept(question(c, 'A'), asked)).toBe('duplicate');
      expect(await store.revise(c, 'never seen', 'text', 1)).toBe(false);
      expect(await store.waiting()).toEqual([]);
    });
  });
}
