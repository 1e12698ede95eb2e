import { describe, expect, it } from 'vitest';
import {
  alice,
  answer,
  ask,
  questionOptions,
  doneEnding,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Changes to waiting questions. */
export function reviseAndWithdraw({ start }: StoreSetup): void {
  describe('revise and withdraw', () => {
    it('change and drop a waiting question', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'), question(c, 'B'), question(c, 'C'));
      expect(await store.revise(c, 'A', 'A, better', 9)).toBe(true);
      expect(await store.withdraw(c, 'B')).toBe(true);
      await answer(store, c);
      const { history } = await store.conversationView(c);
      expect(textsOf(history)).toEqual(['A, better', 'C', doneEnding.text]);
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
      await store.release(claim, { countAttempt: true });
      expect(await tryBoth()).toEqual([false, false]);
      await answer(store, c);
      expect(await tryBoth()).toEqual([false, false]);
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['A', doneEnding.text]);
    });

    it('leave nothing to do once the only question is withdrawn', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await store.withdraw(c, 'A');
      expect(await store.withdraw(c, 'A')).toBe(false);
      expect(await store.revise(c, 'A', 'back', 1)).toBe(false);
      expect(await store.unclaimed()).toEqual([]);
      expect(await store.claim(c, alice)).toBeUndefined();
    });

    it('let a deletion overtake its message', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.withdraw(c, 'A')).toBe(false);
      expect(await store.accept(question(c, 'A'), questionOptions)).toBe('duplicate');
      expect(await store.revise(c, 'never seen', 'text', 1)).toBe(false);
      expect(await store.unclaimed()).toEqual([]);
    });
  });
}
