import { describe, expect, it } from 'vitest';
import {
  alice,
  ask,
  questionOptions,
  context,
  doneEnding,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  stopOptions,
  textsOf,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Taking messages in. */
export function accept({ start }: StoreSetup): void {
  describe('accept', () => {
    it('queues a question, which then waits', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.accept(question(c, 'Hello?'), questionOptions)).toBe('queued');
      expect(await store.unclaimed()).toEqual([{ conversation: c, attempts: 0 }]);
      expect((await store.conversationView(c)).queued).toEqual([question(c, 'Hello?')]);
    });

    it('takes the same id in one conversation once, in another as well', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      const copies = Array.from({ length: 10 }, () =>
        store.accept(question(c, 'A'), questionOptions),
      );
      const receipts = await Promise.all(copies);
      expect(receipts.toSorted()).toEqual([...Array(9).fill('duplicate'), 'queued']);
      expect(textsOf((await store.conversationView(c)).queued)).toEqual(['A']);
      expect(await store.accept(question(other, 'A'), questionOptions)).toBe('queued');
    });

    it('recognises a message that waits, runs, is answered, withdrawn, kept or was a stop command', async () => {
      const store = await start();
      const c = newConversation();
      const again = (text: string): Promise<string> =>
        store.accept(question(c, text, { text: 'changed meanwhile' }), questionOptions);
      await ask(store, question(c, 'A'));
      expect(await again('A')).toBe('duplicate');
      const { claim } = await mustClaim(store, c);
      expect(await again('A')).toBe('duplicate');
      expect(await store.accept(question(c, 'stop'), stopOptions)).toBe('stopping');
      await store.storeEnding(claim, doneEnding);
      await store.finish(claim, alice, 5);
      expect(await again('A')).toBe('duplicate');
      expect(await again('stop')).toBe('duplicate');
      await ask(store, question(c, 'B'));
      await store.withdraw(c, 'B');
      expect(await again('B')).toBe('duplicate');
      await ask(store, context(c, 'C'));
      expect(await again('C')).toBe('duplicate');
      expect(textsOf((await store.conversationView(c)).history)).toEqual([
        'A',
        'C',
        doneEnding.text,
      ]);
      expect(await isWaiting(store, c)).toBe(false);
    });

    it('keeps context in history without a turn', async () => {
      const store = await start();
      const c = newConversation();
      const message = context(c, 'Just saying.');
      expect(await store.accept(message, questionOptions)).toBe('kept');
      const { author, text, sentAt: at } = message;
      expect((await store.conversationView(c)).history).toEqual([
        { id: text, role: 'user', author, text, at, tokens: 3 },
      ]);
      expect(await store.unclaimed()).toEqual([]);
      expect(await store.claim(c, alice)).toBeUndefined();
    });

    it('takes no more questions of one person than may be open, wherever they ask', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      const person = { id: newConversation() };
      const two = { ...questionOptions, mostOpen: 2 };
      const asks = (where: typeof c, text: string) =>
        store.accept(question(where, text, { author: person }), two);
      expect(await asks(c, 'A')).toBe('queued');
      expect(await asks(other, 'B')).toBe('queued');
      expect(await asks(c, 'C')).toBe('too-many');
      expect(await store.accept(question(c, 'of somebody else'), two)).toBe('queued');
      expect(await asks(c, 'A')).toBe('duplicate');
      const { claim } = await mustClaim(store, other);
      expect(await asks(c, 'C')).toBe('too-many');
      expect(
        await store.accept(question(other, 'stop', { author: person }), { ...two, stops: true }),
      ).toBe('stopping');
      await store.storeEnding(claim, doneEnding);
      await store.finish(claim, alice, 1);
      // What was refused was not seen: the same message may be taken in later.
      expect(await asks(c, 'C')).toBe('queued');
      expect(textsOf((await store.conversationView(c)).queued).toSorted()).toEqual([
        'A',
        'C',
        'of somebody else',
      ]);
    });

    it('recognises duplicates of somebody with too many questions', async () => {
      const store = await start();
      const c = newConversation();
      const person = { id: newConversation() };
      const asks = (text: string) =>
        store.accept(question(c, text, { author: person }), { ...questionOptions, mostOpen: 0 });
      await store.accept(question(c, 'A', { author: person }), questionOptions);
      await store.withdraw(c, 'B');
      await store.accept(context(c, 'C'), questionOptions);
      expect([await asks('A'), await asks('B'), await asks('C')]).toEqual(
        Array(3).fill('duplicate'),
      );
      expect([await asks('D'), await asks('D')]).toEqual(['too-many', 'too-many']);
      expect(textsOf((await store.conversationView(c)).queued)).toEqual(['A']);
    });

    it('returns text exactly as it was written', async () => {
      const store = await start();
      const c = newConversation();
      const texts = [
        'x'.repeat(50_000),
        '漢'.repeat(50_000),
        '👩‍👩‍👧‍👦 é e\u0301 \u202eabc\u202c \u200b\ufeff\uffff',
        `'; DROP TABLE entry; -- " \\ \u0001 \r\n\t`,
        '',
      ];
      for (const [i, text] of texts.entries()) {
        await ask(store, question(c, text, { id: `m:${i} ' é`, sentAt: i + 0.125 }));
      }
      const { turn } = await mustClaim(store, c);
      expect(textsOf(turn.messages)).toEqual(texts);
      expect(turn.messages[4]).toEqual(question(c, '', { id: `m:4 ' é`, sentAt: 4.125 }));
    });

    it('is not corrupted by NUL and halves of surrogate pairs', async () => {
      const store = await start();
      const c = newConversation();
      await ask(
        store,
        question(c, 'before', { sentAt: 1 }),
        question(c, 'a\0b\ud83dc\ude00', { sentAt: 2, author: { id: 'U\0', name: '\udc00' } }),
        question(c, 'after', { sentAt: 3 }),
      );
      const { turn } = await mustClaim(store, c);
      expect(textsOf(turn.messages)).toEqual(['before', 'a\0b\ufffdc\ufffd', 'after']);
    });

    it('keeps an author without a name without one', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { author: { id: 'web' } }));
      expect((await mustClaim(store, c)).turn.messages[0]?.author).toStrictEqual({ id: 'web' });
    });
  });
}
