import { describe, expect, it } from 'vitest';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import { ClaimLost } from '../../../src/core/domain/errors.ts';
import {
  alice,
  answer,
  ask,
  questionOptions,
  bob,
  context,
  doneEnding,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  startAnswering,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

const nothing = { history: [], queued: [] };

/** Deletion of conversations, and of what people wrote. */
export function erasure({ start }: StoreSetup): void {
  describe('forgetConversation', () => {
    it('deletes messages and replies, and says how many', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      for (const each of [c, other]) {
        await ask(store, context(each, 'ctx', { sentAt: 1 }), question(each, 'A', { opens: true }));
        await answer(store, each);
        await ask(store, question(each, 'B'));
      }
      const untouched = await store.conversationView(other);
      expect(await store.forgetConversation(c)).toBe(4);
      expect(await store.conversationView(c)).toEqual(nothing);
      expect(await store.participation(c)).toBeUndefined();
      expect(await store.recentlyActive('test', 0)).toEqual([other]);
      expect(await store.unclaimed()).toEqual([{ conversation: other, attempts: 0 }]);
      expect(await store.claim(c, alice)).toBeUndefined();
      expect(await store.conversationView(other)).toEqual(untouched);
      expect(await store.forgetConversation(c)).toBe(0);
      expect(await store.forgetConversation(newConversation())).toBe(0);
    });

    it('takes the running turn from its owner', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      await ask(store, question(c, 'B'));
      expect(await store.forgetConversation(c)).toBe(2);
      expect((await store.renew([claim], alice)).lost).toEqual([claim]);
      for (const step of [
        () => store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once upon' }),
        () => store.storeEnding(claim, doneEnding),
        () => store.finish(claim, alice, 5),
        () => store.release(claim, { countAttempt: false }),
      ]) {
        await expect(step()).rejects.toBeInstanceOf(ClaimLost);
      }
      expect(await store.conversationView(c)).toEqual(nothing);
      expect(await isWaiting(store, c)).toBe(false);
      expect(await store.requestStop(c)).toBe(false);
    });

    it('deletes an interrupted turn', async () => {
      const { store, c, claim } = await startAnswering(start);
      await store.release(claim, { countAttempt: true });
      await store.forgetConversation(c);
      expect(await store.unclaimed()).toEqual([]);
      expect(await store.claim(c, bob)).toBeUndefined();
    });

    it('makes a repeated finish find nothing', async () => {
      const { store, c, claim } = await startAnswering(start);
      await ask(store, question(c, 'B'));
      await store.storeEnding(claim, doneEnding);
      await store.finish(claim, alice, 5);
      await store.forgetConversation(c);
      await expect(store.finish(claim, alice, 5)).rejects.toBeInstanceOf(ClaimLost);
    });

    it('lets the conversation begin anew, except for its fences', async () => {
      const store = await start();
      const c = newConversation();
      const author = { id: newConversation() };
      const one = { ...questionOptions, mostOpen: 1 };
      await store.accept(question(c, 'A', { author }), one);
      const before = await mustClaim(store, c);
      await store.savePage(before.claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
      await store.requestStop(c);
      await store.forgetConversation(c);
      expect(await store.accept(question(c, 'A', { author }), one)).toBe('queued');
      const { claim, turn, history } = await mustClaim(store, c);
      expect(claim.fence).toBeGreaterThan(before.claim.fence);
      expect(turn).toMatchObject({ attempt: 1, pages: [], stopRequested: false });
      expect(history).toEqual([]);
      await expect(store.storeEnding(before.claim, doneEnding)).rejects.toBeInstanceOf(ClaimLost);
    });
  });

  describe('forgetPerson', () => {
    const ann = { id: 'U-ann', name: 'Ann' };
    const ben = { id: 'U-ben', name: 'Ben' };

    it('deletes what they wrote in all conversations, and nothing else', async () => {
      const store = await start();
      const [both, alone] = [newConversation(), newConversation()];
      await ask(
        store,
        question(both, 'A1', { author: ann, sentAt: 1 }),
        question(both, 'B1', { author: ben, sentAt: 2 }),
        context(both, 'A2', { author: ann, sentAt: 3 }),
        context(both, 'B2', { author: ben, sentAt: 4 }),
        context(alone, 'A3', { author: ann }),
      );
      await store.addEarlierHistory(both, [
        { id: 'A0', role: 'user', author: ann, text: 'A0', at: 0, tokens: 1 },
      ]);
      await answer(store, both);
      await ask(store, question(both, 'A4', { author: ann, sentAt: 5 }));
      await ask(store, question(both, 'B3', { author: ben, sentAt: 6 }));
      await ask(store, question(alone, 'A5', { author: ann }));

      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 6, remaining: 0 });
      const view = await store.conversationView(both);
      expect(textsOf(view.history)).toEqual(['B1', doneEnding.text, 'B2']);
      expect(textsOf(view.queued)).toEqual(['B3']);
      expect(await store.participation(both)).toEqual({ opened: false, people: [ben.id] });
      expect(await store.conversationView(alone)).toEqual(nothing);
      expect(await store.participation(alone)).toBeUndefined();
      expect(await store.recentlyActive('test', 0)).toEqual([both]);
      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 0, remaining: 0 });
      expect(await store.forgetPerson('test', 'nobody')).toEqual({ deleted: 0, remaining: 0 });
    });

    it('deletes their open questions, and makes room for new ones', async () => {
      const store = await start();
      const [shared, alone] = [newConversation(), newConversation()];
      const two = { ...questionOptions, mostOpen: 2 };
      await store.accept(question(alone, 'A1', { author: ann }), two);
      await store.accept(question(shared, 'A2', { author: ann }), two);
      await ask(store, question(shared, 'B', { author: ben }));
      await store.forgetPerson('test', ann.id);
      expect(await store.unclaimed()).toEqual([{ conversation: shared, attempts: 0 }]);
      expect(await store.claim(alone, alice)).toBeUndefined();
      expect(textsOf((await mustClaim(store, shared)).turn.messages)).toEqual(['B']);
      expect(await store.revise(alone, 'A1', 'changed', 1)).toBe(false);
      // Deleted is not unknown: the platform may deliver it again.
      expect(await store.accept(question(alone, 'A1', { author: ann }), two)).toBe('duplicate');
      for (const id of ['A3', 'A4']) {
        expect(await store.accept(question(alone, id, { author: ann }), two)).toBe('queued');
      }
      expect(await store.accept(question(alone, 'A5', { author: ann }), two)).toBe('too-many');
    });

    it('keeps a question that is being answered until that is over', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A1', { author: ann, sentAt: 1 }));
      const { claim, turn } = await mustClaim(store, c);
      await ask(store, question(c, 'A2', { author: ann, sentAt: 2 }));
      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 1, remaining: 1 });
      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 0, remaining: 1 });
      expect(await store.conversationView(c)).toEqual({ history: [], running: turn, queued: [] });
      await store.storeEnding(claim, doneEnding);
      expect(await store.finish(claim, alice, 5)).toBeUndefined();
      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 1, remaining: 0 });
      expect(textsOf((await store.conversationView(c)).history)).toEqual([doneEnding.text]);
    });

    it('is about the person of that platform alone', async () => {
      const store = await start();
      const c = newConversation();
      const others = ['tes', 'test2', 'tests'].map((name) => conversationId(name, '1', '2'));
      for (const each of [c, ...others]) {
        await ask(store, question(each, 'A', { author: ann }), context(each, 'B', { author: ann }));
      }
      expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 2, remaining: 0 });
      expect(await store.conversationView(c)).toEqual(nothing);
      for (const each of others) {
        const { history, queued } = await store.conversationView(each);
        expect([...textsOf(history), ...textsOf(queued)]).toEqual(['B', 'A']);
        expect(await store.participation(each)).toEqual({ opened: false, people: [ann.id] });
      }
    });

    it('does not change how the conversation began for those who stay', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { author: ann, opens: true }));
      await ask(store, question(c, 'B', { author: ben }));
      await store.forgetPerson('test', ann.id);
      expect(await store.participation(c)).toEqual({ opened: true, people: [ben.id] });
    });
  });
}
