import { describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  questionOptions,
  context,
  doneEnding,
  eventually,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Deletion of what is older than it is kept. */
export function sweep({ start }: StoreSetup): void {
  describe('sweep', () => {
    const now = Date.now();

    it('deletes history older than its time, and says how much', async () => {
      const store = await start({ retentionMs: 60_000 });
      const c = newConversation();
      for (let i = 0; i < 450; i += 1) await ask(store, context(c, `${i}`, { sentAt: i }));
      await ask(store, question(c, 'old', { sentAt: 1_000 }));
      await answer(store, c);
      await ask(store, question(c, 'new', { sentAt: now }));
      await answer(store, c);
      expect(await store.sweep()).toBe(452);
      expect(await store.sweep()).toBe(0);
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['new', doneEnding.text]);
    });

    it('leaves questions that are not answered yet, however old', async () => {
      const store = await start({ retentionMs: 1, seenMs: 1 });
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 1 }));
      await mustClaim(store, c);
      await ask(store, question(c, 'B', { sentAt: 2 }));
      const before = await store.conversationView(c);
      await eventually(() => expect(Date.now()).toBeGreaterThan(now + 2));
      expect(await store.sweep()).toBe(0);
      expect(await store.conversationView(c)).toEqual(before);
      for (const text of ['A', 'B']) {
        expect(await store.accept(question(c, text), questionOptions)).toBe('duplicate');
      }
    });

    it('forgets ids in time, but not of what is still in history', async () => {
      const store = await start({ retentionMs: 1e12, seenMs: 1 });
      const c = newConversation();
      await ask(store, question(c, 'withdrawn'), context(c, 'kept'));
      await store.withdraw(c, 'withdrawn');
      await eventually(async () => {
        await store.sweep();
        expect(await store.accept(question(c, 'withdrawn'), questionOptions)).toBe('queued');
      });
      expect(await store.accept(question(c, 'kept'), questionOptions)).toBe('duplicate');
    });
  });
}
