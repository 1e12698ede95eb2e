import { describe, expect, it } from 'vitest';
import { alice, ask, doneEnding, isWaiting, question, startAnswering } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Pages and the ending of a running turn. */
export function pagesAndEndings({ start }: StoreSetup): void {
  describe('pages', () => {
    it('are recorded before their post, after it, and as they grow', async () => {
      const { store, c, claim } = await startAnswering(start);
      const pages = async (): Promise<unknown> => (await store.conversationView(c)).running?.pages;
      await store.savePage(claim, { index: 0, key: 'k0', source: 'On' });
      expect(await pages()).toStrictEqual([{ index: 0, key: 'k0', source: 'On' }]);
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'On' });
      await store.savePage(claim, { index: 1, key: 'k1', source: '' });
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      expect(await pages()).toStrictEqual([
        { index: 0, key: 'k0', id: 'p0', source: 'Once' },
        { index: 1, key: 'k1', source: '' },
      ]);
      await store.dropPage(claim, 1);
      await store.dropPage(claim, 7);
      expect(await pages()).toHaveLength(1);
    });

    it('may still be recorded when the ending is stored', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.storeEnding(claim, doneEnding);
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'An answer.' });
      expect((await store.conversationView(c)).running?.pages).toHaveLength(1);
    });

    it('are forgotten with their turn', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      await ask(store, question(c, 'B'));
      await store.storeEnding(claim, doneEnding);
      expect((await store.finish(claim, alice, 5))?.turn.pages).toEqual([]);
    });
  });

  describe('storeEnding', () => {
    it('stores the first ending, and ignores a later one', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.storeEnding(claim, { outcome: 'stopped', text: 'Half', note: 'Stopped.' });
      await store.storeEnding(claim, doneEnding);
      expect((await store.conversationView(c)).running?.ending).toStrictEqual({
        outcome: 'stopped',
        text: 'Half',
        note: 'Stopped.',
      });
      expect(await isWaiting(store, c)).toBe(false);
    });
  });
}
