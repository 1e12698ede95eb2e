import { describe, expect } from 'vitest';
import type { Chat, PersonName } from './chat.ts';
import { askAndRead, type ItWithChats, until } from './contract-chats.ts';

const ready = 'Your answer is ready.';
/** Every answer is a long one. */
const always = { longAnswerMs: 1 } as const;

/** Who was called so far, once somebody is; a chat that ends wants to know of nobody. */
async function notified(chat: Chat): Promise<PersonName[]> {
  const called: PersonName[] = [];
  await until(() => called.push(...chat.takeNotified()) > 0);
  return called;
}

/** Whoever waits long for an answer is called to it. */
export function longAnswers(it: ItWithChats): void {
  describe('a long answer', () => {
    it('calls whoever asked, once', async ({ chats }) => {
      const chat = await chats.begin(always);
      const question = chat.ask('Ann', 'general', 'why?');
      (await chat.world.modelAsked(1)).write('It is so.').end();
      await chat.world.turnsDone(1);
      expect(await notified(chat)).toEqual(['Ann']);
      const said = (): string[] => [
        ...chat.answersTo(question),
        ...chat.answersInChannel('general'),
      ];
      expect(said()).toEqual(['It is so.', expect.stringContaining(ready)]);
      await chat.world.restart();
      expect(said()).toHaveLength(2);
    });

    it('that failed calls them, too; one that was stopped does not', async ({ chats }) => {
      const chat = await chats.begin(always);
      const { answer } = await askAndRead(chat, 'It is');
      answer.fail(new Error('the model broke'));
      await chat.world.turnsDone(1);
      expect(await notified(chat)).toEqual(['Ann']);
      const other = await askAndRead(chat, 'It is');
      chat.postIn('Ann', other.thread, 'stop');
      await chat.world.turnsDone(2);
      expect(chat.answersIn(other.thread)).toHaveLength(1);
    });

    it('calls nobody where that is not asked for, or it came soon', async ({ chats }) => {
      for (const options of [{}, { longAnswerMs: 60_000 }]) {
        const chat = await chats.begin(options);
        const { question, answer } = await askAndRead(chat, 'It is so.');
        answer.end();
        await chat.world.turnsDone(1);
        expect(chat.answersTo(question)).toEqual(['It is so.']);
        expect(chat.answersInChannel('general')).toEqual([]);
      }
    });

    it('holds up no other channel where nobody can be called yet', async ({ chats }) => {
      const chat = await chats.begin(always);
      const { answer } = await askAndRead(chat, 'It is so');
      chat.fail('post', 'rate-limited-long', 'general');
      answer.write('.').end();
      await chat.world.turnsDone(1);
      await until(() => chat.world.logged('rate limited').length === 1);
      chat.ask('Ben', 'projects', 'and this?');
      (await chat.world.modelAsked(2)).write('It is so.').end();
      await chat.world.turnsDone(2);
      expect(await notified(chat)).toEqual(['Ben']);
    });

    it('calls them in a direct conversation, too', async ({ chats }) => {
      const chat = await chats.begin(always);
      chat.world.answerEverything();
      chat.direct('Ben', 'why?');
      await chat.world.turnsDone(1);
      expect(await notified(chat)).toEqual(['Ben']);
      expect(chat.answersDirectly('Ben')).toEqual([
        'Answer to: Ben: why?',
        expect.stringContaining(ready),
      ]);
    });
  });
}
