import { describe, expect, it } from 'vitest';
import { ClaimLost, StoreUnavailable } from '../../../src/core/domain/errors.ts';
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

/** Turns that become history. */
export function finish({ start }: StoreSetup): void {
  describe('finish', () => {
    it('moves questions and reply into history and releases the conversation', async () => {
      const store = await start();
      const c = newConversation();
      await store.accept(question(c, 'A', { sentAt: 10 }), { stops: false, tokens: 11 });
      await store.accept(question(c, 'B', { sentAt: 20, author: { id: 'U2' } }), {
        stops: false,
        tokens: 12,
      });
      const { claim } = await mustClaim(store, c);
      const ending = { outcome: 'failed', text: 'Half', note: 'The model is away.' } as const;
      await store.storeEnding(claim, ending);
      expect(await store.finish(claim, alice, 13)).toBeUndefined();
      const { turn } = claim;
      expect(await store.conversationView(c)).toStrictEqual({
        history: [
          {
            id: 'A',
            role: 'user',
            turn,
            author: { id: 'U1', name: 'Ann' },
            text: 'A',
            at: 10,
            tokens: 11,
          },
          { id: 'B', role: 'user', turn, author: { id: 'U2' }, text: 'B', at: 20, tokens: 12 },
          { id: turn, role: 'assistant', turn, at: 20, tokens: 13, ...ending },
        ],
        queued: [],
      });
      expect(await store.unclaimed()).toEqual([]);
    });

    it('begins the next turn with the questions that came meanwhile, under the same owner', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 1 }));
      const { claim } = await mustClaim(store, c);
      await ask(store, question(c, 'C', { sentAt: 3 }), question(c, 'B', { sentAt: 2 }));
      await store.storeEnding(claim, doneEnding);
      const next = await store.finish(claim, alice, 5);
      expect(textsOf(next!.turn.messages)).toEqual(['B', 'C']);
      expect(next!.turn.attempt).toBe(1);
      expect(next!.turn.ending).toBeUndefined();
      expect(next!.turn.id).not.toBe(claim.turn);
      expect(textsOf(next!.history)).toEqual(['A', doneEnding.text]);
      expect(await store.claim(c, bob)).toBeUndefined();
      await store.storeEnding(next!.claim, { outcome: 'done', text: 'Two answers.' });
      expect(await store.finish(next!.claim, alice, 5)).toBeUndefined();
      expect(textsOf((await store.conversationView(c)).history)).toEqual([
        'A',
        doneEnding.text,
        'B',
        'C',
        'Two answers.',
      ]);
    });

    it('puts the reply right behind its question, whatever came meanwhile', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 10 }));
      const { claim } = await mustClaim(store, c);
      await ask(store, context(c, 'later', { sentAt: 20 }), context(c, 'z', { sentAt: 10 }));
      await store.storeEnding(claim, doneEnding);
      await store.finish(claim, alice, 5);
      await ask(store, context(c, 'delayed', { sentAt: 5 }));
      const { history } = await store.conversationView(c);
      expect(textsOf(history)).toEqual(['delayed', 'A', 'z', doneEnding.text, 'later']);
    });

    it('adds no reply without a text, but keeps a note', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { sentAt: 1 }));
      await answer(store, c, { outcome: 'stopped', text: '' });
      await ask(store, question(c, 'B', { sentAt: 2 }));
      await answer(store, c, { outcome: 'failed', text: '', note: 'Ask again later.' });
      const { history } = await store.conversationView(c);
      expect(history.map((entry) => entry.note ?? entry.text)).toEqual([
        'A',
        'B',
        'Ask again later.',
      ]);
    });

    it('refuses a turn without an ending, and leaves it running', async () => {
      const { store, c, claim, turn } = await startAnswering(start);
      const error: unknown = await store.finish(claim, alice, 5).catch((e: unknown) => e);
      expect((error as Error).message).toContain(claim.turn);
      expect(error).not.toBeInstanceOf(ClaimLost);
      expect(error).not.toBeInstanceOf(StoreUnavailable);
      expect(await store.conversationView(c)).toEqual({ history: [], running: turn, queued: [] });
    });

    it('never strands a question that comes at the same moment', async () => {
      const store = await start();
      for (let round = 0; round < 50; round += 1) {
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await store.storeEnding(claim, doneEnding);
        const steps = [
          (): Promise<unknown> => store.accept(question(c, 'B'), questionOptions),
          (): Promise<unknown> => store.finish(claim, alice, 5),
        ];
        if (round % 2 === 1) steps.reverse();
        await Promise.all(steps.map((step) => step()));
        const { running } = await store.conversationView(c);
        const taken = running !== undefined && textsOf(running.messages).includes('B');
        expect(taken || (await isWaiting(store, c))).toBe(true);
      }
    });
  });
}
