import { describe, expect } from 'vitest';
import type { Chat, Thread } from './chat.ts';
import { askAndRead, type ItWithChats, kept, prompt } from './contract-chats.ts';

/** Ann calls the bot into Ben's thread; resolves once she is answered. */
async function callIn(chat: Chat): Promise<Thread> {
  const thread = await chat.openThread('Ben', 'general', 'we talk');
  chat.askIn('Ann', thread, 'join us');
  await chat.world.turnsDone(1);
  return thread;
}

/** Who may go on in a thread without a mention, by the setting FOLLOW_UPS. */
export function followUps(it: ItWithChats): void {
  describe('who may go on in a thread', () => {
    it('auto: those who have addressed it where it was called into; others are context', async ({
      chats,
    }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      const thread = await callIn(chat);
      chat.postIn('Ben', thread, 'not to you');
      await kept(chat, thread, ['not to you']);
      chat.postIn('Ann', thread, 'go on');
      await chat.world.turnsDone(2);
      expect(chat.answersIn(thread)).toHaveLength(2);
      expect(prompt(chat).slice(-2)).toEqual(['Ben: not to you', 'Ann: go on']);
    });

    it('always: everybody, also where it was called into', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'always' });
      chat.world.answerEverything();
      const thread = await callIn(chat);
      chat.postIn('Ben', thread, 'to you');
      await chat.world.turnsDone(2);
      expect(chat.answersIn(thread)[1]).toBe('Answer to: Ben: to you');
    });

    it('mention: nobody; what is said meanwhile is read at the next mention', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'mention' });
      chat.world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      await chat.world.turnsDone(1);
      const thread = await chat.threadOf(question);
      chat.postIn('Ann', thread, 'by the way');
      await kept(chat, thread, ['by the way']);
      chat.askIn('Ann', thread, 'two');
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toHaveLength(2);
      expect(prompt(chat).slice(-2)).toEqual(['Ann: by the way', 'Ann: two']);
    });

    it('mention: whoever has asked there may still say "stop", others not', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'mention' });
      const { question, answer, thread } = await askAndRead(chat, 'So far');
      chat.postIn('Ben', thread, 'stop');
      await kept(chat, thread, ['stop']);
      expect(answer.request.signal.aborted).toBe(false);
      chat.postIn('Ann', thread, 'Stop!');
      await chat.world.turnsDone(1);
      expect(answer.request.signal.aborted).toBe(true);
      expect(chat.answersTo(question)[0]).toContain('So far');
      expect(chat.world.model.answers).toHaveLength(1);
    });

    it('takes what mentions others as context, never as a question', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'always' });
      chat.world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      await chat.world.turnsDone(1);
      const thread = await chat.threadOf(question);
      chat.postIn('Ann', thread, `${chat.mentionOf('Ben')} what do you say?`);
      await kept(chat, thread, ['@Ben what do you say?']);
      chat.postIn('Ann', thread, `${chat.mentionOfEverybody} look at this`);
      await kept(chat, thread, [expect.stringMatching(/^@\w+ look at this$/) as string]);
      chat.postIn('Ben', thread, 'I say yes');
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toHaveLength(2);
      expect(prompt(chat).slice(-3)).toEqual([
        'Ann: @Ben what do you say?',
        expect.stringMatching(/^Ann: @\w+ look at this$/),
        'Ben: I say yes',
      ]);
    });

    it('never answers other bots, and leaves threads without it alone', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'always' });
      chat.world.answerEverything();
      const elsewhere = await chat.openThread('Ann', 'general', 'nothing to do with the bot');
      chat.postIn('Ben', elsewhere, 'indeed');
      chat.askAsBot('general', 'it rains');
      const question = chat.ask('Ann', 'general', 'one');
      await chat.world.turnsDone(1);
      const thread = await chat.threadOf(question);
      chat.askIn('Weather', thread, 'it snows');
      await chat.delivered();
      chat.postIn('Ann', thread, 'two');
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toEqual(['Answer to: Ann: one', 'Answer to: Ann: two']);
      expect(chat.answersIn(elsewhere)).toEqual([]);
      expect((await chat.world.store.conversationView(elsewhere.conversation)).history).toEqual([]);
      expect(chat.world.model.answers).toHaveLength(2);
    });
  });
}
