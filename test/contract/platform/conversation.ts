import { describe, expect } from 'vitest';
import { ModelFailed } from '../../../src/core/domain/errors.ts';
import { type ItWithChats, prompt, until, waiting } from './contract-chats.ts';

/** Questions and their answers: in a thread, going on there, directly. */
export function conversation(it: ItWithChats): void {
  describe('a conversation', () => {
    it('is answered in a thread under the mention, which grows as the model writes', async ({
      chats,
    }) => {
      const chat = await chats.begin();
      const question = chat.ask('Ann', 'general', 'what is a **fugue**?');
      const answer = await chat.world.modelAsked(1);
      expect(answer.question).toBe('Ann: what is a **fugue**?');
      answer.write('A fugue');
      await until(() => chat.answersTo(question)[0] === 'A fugue');
      const thread = await chat.threadOf(question);
      const [first] = chat.postsIn(thread);
      answer.write(' is a **chase**');
      await until(() => chat.answersTo(question)[0] === 'A fugue is a **chase**');
      answer.write(' of voices.').end();
      await chat.world.turnsDone(1);
      expect(chat.answersIn(thread)).toEqual(['A fugue is a **chase** of voices.']);
      expect(chat.postsIn(thread)).toEqual([first]);
      expect(chat.answersInChannel('general')).toEqual([]);
    });

    it('goes on in the thread without another mention', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      await chat.world.turnsDone(1);
      chat.postIn('Ben', await chat.threadOf(question), 'two');
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toEqual(['Answer to: Ann: one', 'Answer to: Ben: two']);
      expect(prompt(chat)).toEqual(['Ann: one', 'Answer to: Ann: one', 'Ben: two']);
    });

    it('answers what is written during an answer next, together', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      const question = chat.ask('Ann', 'general', 'one');
      const first = await world.modelAsked(1);
      const thread = await chat.threadOf(question);
      chat.postIn('Ben', thread, 'two');
      await waiting(chat, thread, ['two']);
      chat.postIn('Cem', thread, 'three');
      await waiting(chat, thread, ['two', 'three']);
      first.write('First.').end();
      (await world.modelAsked(2)).write('Second.').end();
      await world.turnsDone(2);
      expect(prompt(chat)).toEqual(['Ann: one', 'First.', 'Ben: two', 'Cem: three']);
      expect(chat.answersTo(question)).toEqual(['First.', 'Second.']);
    });

    it('is one with each person directly, until "new"', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      chat.direct('Ann', 'my name is Ann');
      await world.turnsDone(1);
      chat.direct('Ben', 'and mine is Ben');
      await world.turnsDone(2);
      chat.direct('Ann', 'who am I?');
      await world.turnsDone(3);
      expect(prompt(chat)).toEqual([
        'Ann: my name is Ann',
        'Answer to: Ann: my name is Ann',
        'Ann: who am I?',
      ]);
      chat.direct('Ann', 'new');
      await world.turnsDone(4);
      chat.direct('Ann', 'who am I?');
      await world.turnsDone(5);
      expect(prompt(chat)).toEqual(['Ann: who am I?']);
      expect(chat.answersDirectly('Ann').at(-2)).toContain('A new conversation');
    });

    it('begins afresh at "new" in a thread, too', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      const question = chat.ask('Ann', 'general', 'my name is Ann');
      await world.turnsDone(1);
      const thread = await chat.threadOf(question);
      chat.postIn('Ann', thread, 'new');
      await world.turnsDone(2);
      chat.postIn('Ann', thread, 'who am I?');
      await world.turnsDone(3);
      expect(prompt(chat)).toEqual(['Ann: who am I?']);
    });

    it('tells a failure of the model in a sentence, in the thread', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.model.onRequest = (answer) =>
        answer.fail(new ModelFailed('overloaded', 'HTTP 529'));
      const question = chat.ask('Ann', 'general', 'hello?');
      await chat.world.turnsDone(1);
      expect(chat.answersTo(question)).toEqual([
        '_The model is overloaded right now; ask again in a minute._',
      ]);
    });
  });

  describe('called into a thread', () => {
    it('has read what was said above, once, with names', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'mention' });
      chat.world.answerEverything();
      const thread = await chat.openThread('Ben', 'general', 'the plan');
      chat.postIn('Ben', thread, `shall we ask ${chat.mentionOf('Cem')}?`);
      chat.postIn('Weather', thread, 'Sunny.');
      chat.askIn('Ann', thread, 'what do you think?');
      await chat.world.turnsDone(1);
      const above = [
        'Ben: the plan',
        'Ben: shall we ask @Cem?',
        'Weather: Sunny.',
        'Ann: what do you think?',
      ];
      expect(prompt(chat)).toEqual(above);
      chat.askIn('Ann', thread, 'and now?');
      await chat.world.turnsDone(2);
      expect(prompt(chat)).toEqual([
        ...above,
        'Answer to: Ann: what do you think?',
        'Ann: and now?',
      ]);
    });

    it('has read what was said above though reading fails once', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      const thread = await chat.openThread('Ben', 'general', 'the beginning');
      chat.fail('read', 'server-error', 'general');
      chat.askIn('Ann', thread, 'so?');
      await chat.world.turnsDone(1);
      expect(prompt(chat)).toEqual(['Ben: the beginning', 'Ann: so?']);
    });

    it('answers a mention without a word by what stands above it', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      const thread = await chat.openThread('Ben', 'general', 'what is 2 + 2?');
      chat.askIn('Ann', thread, '');
      await chat.world.turnsDone(1);
      expect(prompt(chat)[0]).toBe('Ben: what is 2 + 2?');
      expect(prompt(chat)[1]).toMatch(/^Ann: \(mentions you without a word/);
    });
  });
}
