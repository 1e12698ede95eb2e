import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../../../src/core/domain/conversation.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import {
  answer,
  ask,
  context,
  eventually,
  mustClaim,
  newConversation,
  question,
  stopOptions,
} from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

const author = { id: 'U-ann' };
const all = 1_000;

/** Asks in conversations, one after the other by the store's clock. */
async function askInEach(store: Store, conversations: readonly ConversationId[]): Promise<void> {
  for (const each of conversations) {
    const before = Date.now();
    await ask(store, question(each, `A ${each}`, { author, text: `Why? ${each}` }));
    await eventually(() => expect(Date.now()).toBeGreaterThan(before + 1));
  }
}

/** A person's list of conversations. */
export function conversations({ start, reopen }: StoreSetup): void {
  describe('conversationsOf', () => {
    it('lists those in which a person asked, latest first, each with its first text', async () => {
      const store = await start();
      const [first, second, third, others] = Array.from({ length: 4 }, newConversation) as [
        ConversationId,
        ConversationId,
        ConversationId,
        ConversationId,
      ];
      const before = Date.now() - 1_000;
      await askInEach(store, [first, second, third]);
      await ask(store, question(others, 'B', { author: { id: 'U-ben' } }));
      await ask(store, context(others, 'C', { author }));
      await answer(store, first);
      await ask(store, question(first, 'later', { author, sentAt: 1_800_000_000_000 }));
      await mustClaim(store, second);

      const found = await store.conversationsOf('test', author.id, all);
      expect(found.map(({ conversation, firstText }) => [conversation, firstText])).toEqual(
        [first, third, second].map((each) => [each, `Why? ${each}`]),
      );
      for (const { lastAskedAt } of found) expect(lastAskedAt).toBeGreaterThan(before);
      const two = await store.conversationsOf('test', author.id, 2);
      expect(two).toEqual(found.slice(0, 2));
      expect(await store.conversationsOf('tes', author.id, all)).toEqual([]);
      expect(await store.conversationsOf('test', 'nobody', all)).toEqual([]);
    });

    it('shortens a text to 100 whole characters', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { author, text: '😀'.repeat(5_000) }));
      const [found] = await store.conversationsOf('test', author.id, all);
      expect(found?.firstText).toBe('😀'.repeat(100));
    });

    it('lists more than a hundred, and only those of which anything is kept', async () => {
      const store = await start();
      const many = Array.from({ length: 205 }, newConversation);
      for (const each of many) await ask(store, question(each, 'A', { author }));
      await store.withdraw(many[0]!, 'A');
      await store.forgetConversation(many[150]!);
      const found = await store.conversationsOf('test', author.id, all);
      const left = many.filter((_each, i) => i !== 0 && i !== 150);
      expect(found.map(({ conversation }) => conversation).toSorted()).toEqual(left.toSorted());
    });
  });

  describe('rename', () => {
    it('sets a person’s title, whatever comes then, until they delete it', async () => {
      const store = await start();
      const c = newConversation();
      await ask(store, question(c, 'A', { author }));
      expect(await store.rename(c, author.id, 'Ümlaut “5” 😀')).toBe(true);
      await answer(store, c);
      await ask(store, question(c, 'B', { author }));
      await store.accept(question(c, 'stop', { author }), stopOptions);
      await ask(store, question(c, 'C', { author: { id: 'U-ben' } }));
      const again = await reopen();
      const nameFor = async (id: string) =>
        (await again.conversationsOf('test', id, all)).map(({ name }) => name);
      expect(await nameFor(author.id)).toEqual(['Ümlaut “5” 😀']);
      expect(await nameFor('U-ben')).toEqual([undefined]);
      expect(await again.rename(c, author.id, '')).toBe(true);
      expect(await nameFor(author.id)).toEqual([undefined]);
    });

    it('is refused where they asked nothing', async () => {
      const store = await start();
      const c = newConversation();
      expect(await store.rename(c, author.id, 'Mine')).toBe(false);
      await ask(store, question(c, 'A', { author: { id: 'U-ben' } }));
      await ask(store, context(c, 'B', { author }));
      expect(await store.rename(c, author.id, 'Mine')).toBe(false);
    });

    it('ends with the conversation, and with the person', async () => {
      const store = await start();
      const [c, other] = [newConversation(), newConversation()];
      for (const each of [c, other]) {
        await ask(store, question(each, 'A', { author }));
        await store.rename(each, author.id, 'Mine');
      }
      await store.forgetConversation(c);
      await store.forgetPerson('test', author.id);
      for (const each of [c, other]) await ask(store, question(each, 'B', { author }));
      const found = await store.conversationsOf('test', author.id, all);
      expect(found.map(({ name, firstText }) => [name, firstText])).toEqual([
        [undefined, 'B'],
        [undefined, 'B'],
      ]);
    });
  });

  describe('conversationView', () => {
    it('has as many of the newest entries as are wanted', async () => {
      const store = await start({ historyLimit: 2 });
      const c = newConversation();
      for (let i = 1; i <= 5; i += 1) await ask(store, context(c, `${i}`, { sentAt: i }));
      const textsFor = async (most?: number) =>
        (await store.conversationView(c, most)).history.map(({ text }) => text);
      expect(await textsFor()).toEqual(['4', '5']);
      expect(await textsFor(4)).toEqual(['2', '3', '4', '5']);
      expect(await textsFor(9)).toEqual(['1', '2', '3', '4', '5']);
    });
  });
}
