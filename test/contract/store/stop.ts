import { describe, expect, it } from 'vitest';
import {
  alice,
  ask,
  context,
  doneEnding,
  mustClaim,
  newConversation,
  question,
  startAnswering,
  stopOptions,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Stop commands and requests to stop. */
export function stopping({ start }: StoreSetup): void {
  describe('a stop command', () => {
    it('stops nothing as context, which is kept', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await mustClaim(store, c);
      expect(await store.accept(context(c, 'stop'), stopOptions)).toBe('kept');
      expect((await store.conversationView(c)).running?.stopRequested).toBe(false);
    });

    it('marks the running turn, and is neither queued nor kept', async () => {
      const { store, c, claim } = await startAnswering(start);
      expect(await store.accept(question(c, 'stop'), stopOptions)).toBe('stopping');
      const { running, queued } = await store.conversationView(c);
      expect(running?.stopRequested).toBe(true);
      expect(queued).toEqual([]);
      await store.storeEnding(claim, { outcome: 'stopped', text: 'So f' });
      expect(await store.finish(claim, alice, 2)).toBeUndefined();
      expect(textsOf((await store.conversationView(c)).history)).toEqual(['A', 'So f']);
    });

    it('stops a turn that was interrupted', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await store.release((await mustClaim(store, c)).claim, { countAttempt: true });
      expect(await store.accept(question(c, 'stop'), stopOptions)).toBe('stopping');
      expect((await mustClaim(store, c)).turn.stopRequested).toBe(true);
    });

    it('is queued when nothing runs, and dropped when the ending is stored', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.accept(question(c, 'stop'), stopOptions)).toBe('queued');
      const { claim } = await mustClaim(store, c);
      await store.storeEnding(claim, doneEnding);
      expect(await store.accept(question(c, 'cancel'), stopOptions)).toBe('stopping');
      expect((await store.conversationView(c)).running?.stopRequested).toBe(false);
      expect(await store.finish(claim, alice, 1)).toBeUndefined();
    });
  });

  describe('requestStop', () => {
    it('marks the running turn of its conversation, however often', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      await ask(store, question(c, 'A'), question(other, 'A'));
      expect(await store.requestStop(c)).toBe(false);
      await mustClaim(store, other);
      const { claim } = await mustClaim(store, c);
      expect([await store.requestStop(c), await store.requestStop(c)]).toEqual([true, true]);
      expect((await store.conversationView(other)).running?.stopRequested).toBe(false);
      await store.release(claim, { countAttempt: true });
      expect(await store.requestStop(c)).toBe(true);
      expect((await mustClaim(store, c)).turn.stopRequested).toBe(true);
    });

    it('comes too late once the ending is stored, and does not reach the next turn', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.requestStop(c);
      await store.storeEnding(claim, doneEnding);
      expect(await store.requestStop(c)).toBe(false);
      await ask(store, question(c, 'B'));
      const next = await store.finish(claim, alice, 5);
      expect(next?.turn.stopRequested).toBe(false);
    });
  });
}
