import { describe, expect, it } from 'vitest';
import type { AcceptAndClaimResult, Store } from '../../../src/core/ports/store.ts';
import {
  alice,
  answer,
  ask,
  questionOptions,
  bob,
  context,
  doneEnding,
  eventually,
  briefLease,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  startAnswering,
  stopOptions,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** A question that is claimed in the step that takes it in. */
export function acceptAndClaim({ start, beside }: StoreSetup): void {
  describe('acceptAndClaim', () => {
    it('claims the turn of a question whose conversation is free', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A'));
      await answer(store, c);
      const a = question(c, 'B', { sentAt: 1_800_000_000_000 });
      const { receipt, work } = await store.acceptAndClaim(a, questionOptions, alice);
      expect(receipt).toBe('queued');
      expect(work?.turn).toMatchObject({ messages: [a], attempt: 1, stopRequested: false });
      expect(textsOf(work!.history)).toEqual(['A', doneEnding.text]);
      expect(await isWaiting(store, c)).toBe(false);
      expect(await store.claim(c, bob)).toBeUndefined();
      expect((await store.renew([work!.claim], alice)).lost).toEqual([]);
      await store.storeEnding(work!.claim, doneEnding);
      expect(await store.finish(work!.claim, alice, 5)).toBeUndefined();
      expect(textsOf((await store.conversationView(c)).history)).toEqual([
        'A',
        doneEnding.text,
        'B',
        doneEnding.text,
      ]);
    });

    it('claims all waiting questions', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 1 }));
      const b = question(c, 'B', { sentAt: 2 });
      const { work } = await store.acceptAndClaim(b, questionOptions, alice);
      expect(textsOf(work!.turn.messages)).toEqual(['A', 'B']);
    });

    it('leaves a question for the next turn while one is being answered', async () => {
      const { store, c, claim } = await startAnswering(start);
      const admitted = await store.acceptAndClaim(question(c, 'B'), questionOptions, bob);
      expect(admitted).toEqual({ receipt: 'queued' });
      expect((await store.renew([claim], alice)).lost).toEqual([]);
      await store.storeEnding(claim, doneEnding);
      expect(textsOf((await store.finish(claim, alice, 5))!.turn.messages)).toEqual(['B']);
    });

    it('claims a turn that was released, or whose owner is gone', async () => {
      const store = await start();
      const [left, lapsed] = [newConversation(), newConversation()];
      await ask(store, question(left, 'A'), question(lapsed, 'A'));
      await store.release((await mustClaim(store, left)).claim, { countAttempt: true });
      await mustClaim(store, lapsed, briefLease);
      await eventually(async () => expect(await isWaiting(store, lapsed)).toBe(true));
      for (const c of [left, lapsed]) {
        const { work } = await store.acceptAndClaim(question(c, 'B'), questionOptions, bob);
        expect(work?.turn.attempt).toBe(2);
        expect(textsOf(work!.turn.messages)).toEqual(['A']);
        expect(textsOf((await store.conversationView(c)).queued)).toEqual(['B']);
      }
    });

    it('claims nothing for a duplicate, one too many, context, or a stop command', async () => {
      const store = await start();
      const [c, busy] = [newConversation(), newConversation()];
      const author = { id: newConversation() };
      await ask(store, question(c, 'A', { author }), question(busy, 'A', { author }));
      const { claim } = await mustClaim(store, busy);
      const admit = (
        ...[message, options]: Parameters<Store['accept']>
      ): Promise<AcceptAndClaimResult> => store.acceptAndClaim(message, options, bob);
      expect(await admit(question(c, 'A', { author }), questionOptions)).toEqual({
        receipt: 'duplicate',
      });
      const third = question(newConversation(), 'B', { author });
      expect(await admit(third, { ...questionOptions, mostOpen: 2 })).toEqual({
        receipt: 'too-many',
      });
      expect(await admit(context(c, 'B', { author }), questionOptions)).toEqual({
        receipt: 'kept',
      });
      expect(await admit(question(busy, 'stop'), stopOptions)).toEqual({ receipt: 'stopping' });
      expect((await store.renew([claim], alice)).stopping).toEqual([claim]);
      expect(await isWaiting(store, c)).toBe(true);
      expect(await store.claim(third.conversation, bob)).toBeUndefined();
    });

    it('claims each turn once, however many take its questions in at once', async () => {
      const both = [await start(), await beside()];
      const c = newConversation();
      const admitted = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          both[i % 2]!.acceptAndClaim(question(c, `${i % 25}`), questionOptions, {
            ...alice,
            owner: `owner ${i}`,
          }),
        ),
      );
      const works = admitted.flatMap(({ work }) => work ?? []);
      expect(works).toHaveLength(1);
      expect(admitted.filter(({ receipt }) => receipt === 'queued')).toHaveLength(25);
      const { queued } = await both[1]!.conversationView(c);
      expect(works[0]!.turn.messages.length + queued.length).toBe(25);
    });
  });
}
