import { describe, expect } from 'vitest';
import { askAndRead, type ItWithChats, prompt, until, waiting } from './contract-chats.ts';

/** Messages that people edit or delete, before and while they are answered. */
export function changes(it: ItWithChats): void {
  describe('what people change', () => {
    it('answers a waiting question as it reads after an edit, and not after its deletion', async ({
      chats,
    }) => {
      const chat = await chats.begin();
      const { world } = chat;
      const question = chat.ask('Ann', 'general', 'one');
      const first = await world.modelAsked(1);
      const thread = await chat.threadOf(question);
      const edited = chat.postIn('Ann', thread, 'two');
      await waiting(chat, thread, ['two']);
      const deleted = chat.postIn('Ann', thread, 'three');
      await waiting(chat, thread, ['two', 'three']);
      chat.edit('Ann', edited, `two, I mean ${chat.mentionOf('Ben')}`);
      chat.remove('Ann', deleted);
      await waiting(chat, thread, ['two, I mean @Ben']);
      first.write('First.').end();
      (await world.modelAsked(2)).write('Second.').end();
      await world.turnsDone(2);
      expect(prompt(chat).at(-1)).toBe('Ann: two, I mean @Ben');
      expect(chat.answersTo(question)).toEqual(['First.', 'Second.']);
    });

    it('answers what mentions it after an edit, once', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      const question = chat.post('Ann', 'general', 'what is x?');
      await chat.delivered();
      chat.edit('Ann', question, 'what is y?');
      chat.edit('Ann', question, `${chat.mentionOfBot} what is y?`);
      await chat.world.turnsDone(1);
      chat.edit('Ann', question, `${chat.mentionOfBot} what is z?`);
      await chat.delivered();
      chat.ask('Ann', 'projects', 'last');
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toEqual(['Answer to: Ann: what is y?']);
      expect(chat.world.model.answers).toHaveLength(2);
    });

    it('ends the answer, quietly, when one of its messages is deleted', async ({ chats }) => {
      const chat = await chats.begin();
      const { question, answer, thread } = await askAndRead(chat, 'I go');
      chat.remove('Ann', chat.postsIn(thread)[0]!);
      answer.write(' on');
      await chat.world.turnsDone(1);
      expect(answer.request.signal.aborted).toBe(true);
      expect(chat.answersTo(question)).toEqual([]);
      expect(chat.world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
    });

    it('ends the answer when its question is deleted, and leaves what people read', async ({
      chats,
    }) => {
      const chat = await chats.begin();
      const { question, answer, thread } = await askAndRead(chat, 'So far');
      chat.remove('Ann', question);
      await chat.world.turnsDone(1);
      expect(answer.request.signal.aborted).toBe(true);
      expect(chat.answersIn(thread)).toEqual(['So far']);
    });

    it('ends the answer when a follow-up that it answers is deleted', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      await world.turnsDone(1);
      world.model.onRequest = () => undefined;
      const followUp = chat.postIn('Ann', await chat.threadOf(question), 'two');
      const answer = await world.modelAsked(2);
      answer.write('So far');
      await until(() => chat.answersTo(question)[1] === 'So far');
      chat.remove('Ann', followUp);
      await world.turnsDone(2);
      expect(answer.request.signal.aborted).toBe(true);
      expect(chat.answersTo(question)[1]).toBe('So far');
    });

    it('goes on when a question is deleted that was answered before', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      await world.turnsDone(1);
      world.model.onRequest = () => undefined;
      const thread = await chat.threadOf(question);
      chat.postIn('Ben', thread, 'my own');
      const answer = await world.modelAsked(2);
      chat.remove('Ann', question);
      await chat.delivered();
      chat.postIn('Ben', thread, 'and more');
      await waiting(chat, thread, ['and more']);
      answer.write('The whole answer').end();
      (await world.modelAsked(3)).write('More').end();
      await world.turnsDone(3);
      expect(chat.answersIn(thread)).toEqual(['Answer to: Ann: one', 'The whole answer', 'More']);
    });
  });
}
