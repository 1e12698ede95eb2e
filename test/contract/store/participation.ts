import { describe, expect, it } from 'vitest';
import { answer, ask, context, eventually, newConversation, question } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** How the bot and people take part in conversations. */
export function participation({ start, reopen }: StoreSetup): void {
  describe('participation', () => {
    it('names those who asked something, and whether the conversation began with a question', async () => {
      const store = await start();
      const [opened, called, silent] = [newConversation(), newConversation(), newConversation()];
      await ask(store, question(opened, 'A', { opens: true }));
      await ask(store, question(opened, 'B', { author: { id: 'U2' } }), question(opened, 'C'));
      await ask(store, question(called, 'A', { author: { id: 'U3' } }));
      await ask(store, context(called, 'B', { author: { id: 'U4' } }), context(silent, 'C'));
      const { people = [], ...rest } = (await store.participation(opened)) ?? {};
      expect(rest).toEqual({ opened: true });
      expect(people.toSorted()).toEqual(['U1', 'U2']);
      expect(await store.participation(called)).toEqual({ opened: false, people: ['U3'] });
      expect(await store.participation(silent)).toBeUndefined();
    });

    it('survives the end of the turn and of the process', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { opens: true }));
      await answer(store, c);
      const again = await reopen();
      expect(await again.participation(c)).toEqual({ opened: true, people: ['U1'] });
    });

    it('lists a platform’s recently active conversations, latest first', async () => {
      const store = await start();
      const [first, second] = [newConversation(), newConversation()];
      // The store may have a clock of its own.
      const before = Date.now() - 1_000;
      const asked = Date.now();
      await ask(store, question(first, 'A'));
      await eventually(() => expect(Date.now()).toBeGreaterThan(asked + 1));
      await ask(store, question(second, 'A'), context(newConversation(), 'B'));
      const lately = (await store.recentlyActive('test', before)).filter((c) =>
        [first, second].includes(c),
      );
      expect(lately).toEqual([second, first]);
      expect(await store.recentlyActive('tes', before)).toEqual([]);
      expect(await store.recentlyActive('test', Date.now() + 60_000)).toEqual([]);
    });

    it('ends when nobody asked for the retention time', async () => {
      const store = await start({ retentionMs: 0 });
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await answer(store, c);
      await eventually(async () => {
        await store.sweep();
        expect(await store.participation(c)).toBeUndefined();
      });
    });
  });
}
