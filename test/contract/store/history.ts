import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../../src/core/domain/turn.ts';
import {
  alice,
  answer,
  ask,
  questionOptions,
  context,
  doneEnding,
  mustClaim,
  newConversation,
  question,
  type StoreSetup,
  stopOptions,
  textsOf,
} from './store-fixture.ts';

/** History and earlier history of a conversation. */
export function history({ start }: StoreSetup): void {
  describe('conversationView', () => {
    it('shows an unknown conversation as empty', async () => {
      const store = await start();
      expect(await store.conversationView(newConversation())).toStrictEqual({
        history: [],
        queued: [],
      });
    });

    it('shows history, the running turn and waiting questions', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 1 }));
      await answer(store, c);
      await ask(store, question(c, 'B', { sentAt: 2 }));
      const { claim, turn } = await mustClaim(store, c);
      await ask(store, question(c, 'C', { sentAt: 4 }), question(c, 'D', { sentAt: 3 }));
      const view = await store.conversationView(c);
      expect(textsOf(view.history)).toEqual(['A', doneEnding.text]);
      expect(view.running).toEqual(turn);
      expect(textsOf(view.queued)).toEqual(['D', 'C']);
      await store.release(claim, { countAttempt: true });
      expect((await store.conversationView(c)).running).toEqual(turn);
    });
  });

  describe('addEarlierHistory', () => {
    const author = { id: 'U9', name: 'Zoe' };
    const past: HistoryEntry[] = [
      { id: 'p1', role: 'user', author, text: 'We need a plan.', at: 1, tokens: 4 },
      { id: 'p2', role: 'assistant', text: 'Which one?', at: 2, tokens: 3 },
      {
        id: 'p3',
        role: 'user',
        turn: 't',
        author: { id: 'U8' },
        text: 'That one.',
        at: 3,
        tokens: 2,
      },
      {
        id: 'p4',
        role: 'assistant',
        turn: 't',
        outcome: 'done',
        note: 'Cut.',
        text: 'Well',
        at: 3,
        tokens: 1,
      },
    ];

    it('adds messages and replies to history', async () => {
      const store = await start();
      const c = newConversation();
      await store.addEarlierHistory(c, past.toReversed());
      expect((await store.conversationView(c)).history).toStrictEqual(past);
      await store.addEarlierHistory(c, []);
      expect(await store.conversationView(newConversation())).toEqual({ history: [], queued: [] });
    });

    it('leaves the running turn alone, which then comes after it', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 10 }));
      const { claim, turn } = await mustClaim(store, c);
      await store.addEarlierHistory(c, past);
      expect(await store.conversationView(c)).toEqual({ history: past, running: turn, queued: [] });
      expect(await store.participation(c)).toEqual({ opened: false, people: ['U1'] });
      await store.storeEnding(claim, doneEnding);
      expect(await store.finish(claim, alice, 1)).toBeUndefined();
      expect(textsOf((await store.conversationView(c)).history)).toEqual([
        ...textsOf(past),
        'A',
        doneEnding.text,
      ]);
    });

    it('makes no question wait, and no author a participant', async () => {
      const store = await start();
      const c = newConversation();
      await store.addEarlierHistory(c, past);
      expect(await store.unclaimed()).toEqual([]);
      expect(await store.claim(c, alice)).toBeUndefined();
      expect(await store.participation(c)).toBeUndefined();
    });

    it('makes a later delivery a duplicate', async () => {
      const store = await start();
      const c = newConversation();
      await store.addEarlierHistory(c, past);
      expect(await store.accept(question(c, 'p1'), questionOptions)).toBe('duplicate');
      expect(await store.accept(context(c, 'p3'), questionOptions)).toBe('duplicate');
      expect(await store.withdraw(c, 'p1')).toBe(false);
      expect(await store.conversationView(c)).toEqual({ history: past, queued: [] });
    });

    it('makes it a duplicate even after the entry was swept', async () => {
      const store = await start({ retentionMs: 60_000 });
      const c = newConversation();
      await store.addEarlierHistory(c, past);
      await store.sweep();
      expect(await store.accept(question(c, 'p1'), questionOptions)).toBe('duplicate');
      await store.addEarlierHistory(c, past);
      expect(await store.conversationView(c)).toEqual({ history: [], queued: [] });
    });

    it('leaves out known messages: answered, running, waiting, withdrawn, or a stop command', async () => {
      const store = await start();
      const c = newConversation();
      const ids = ['answered', 'running', 'waiting', 'withdrawn', 'order', 'kept'];
      await ask(store, question(c, 'answered', { sentAt: 1 }));
      await answer(store, c);
      await ask(store, question(c, 'running', { sentAt: 2 }));
      await mustClaim(store, c);
      await ask(store, question(c, 'waiting', { sentAt: 3 }), question(c, 'withdrawn'));
      await store.withdraw(c, 'withdrawn');
      await store.accept(question(c, 'order'), stopOptions);
      await ask(store, context(c, 'kept', { sentAt: 4 }));
      const before = await store.conversationView(c);
      const again = (id: string): HistoryEntry => ({
        id,
        role: 'user',
        text: 'again',
        at: 9,
        tokens: 1,
      });
      await store.addEarlierHistory(c, [...ids, 'new', 'new'].map(again));
      expect(await store.conversationView(c)).toEqual({
        ...before,
        history: [...before.history, again('new')],
      });
      await store.addEarlierHistory(c, [{ ...again('new'), text: 'once more' }]);
      expect((await store.conversationView(c)).history).toContainEqual(again('new'));
    });

    it('keeps to the limits of history', async () => {
      const store = await start({ historyLimit: 3, retentionMs: 60_000 });
      const c = newConversation();
      await store.addEarlierHistory(c, past);
      await ask(store, question(c, 'A', { sentAt: 10 }));
      expect((await mustClaim(store, c)).history).toEqual(past.slice(1));
      expect(await store.sweep()).toBe(past.length);
      expect((await store.conversationView(c)).history).toEqual([]);
    });
  });
}
