import { describe, expect } from 'vitest';
import { askAndRead, type ItWithChats, modelAskedFor, until } from './contract-chats.ts';

/** What was asked, or not finished, when the process ended. */
export function restarts(it: ItWithChats): void {
  describe('after a restart', () => {
    it('an answer goes on in the message where it began', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      const { question, thread } = await askAndRead(chat, 'One');
      const before = chat.postsIn(thread);
      await world.restart();
      (await world.modelAsked(1)).write('One two three.').end();
      await until(() => chat.answersTo(question)[0] === 'One two three.');
      await world.turnsDone(1);
      expect(chat.postsIn(thread)).toEqual(before);
      expect(chat.answersTo(question)).toEqual(['One two three.']);
    });

    it('what was asked meanwhile is answered once: in channels, in threads, directly', async ({
      chats,
    }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      const question = chat.ask('Ann', 'general', 'one');
      chat.direct('Cem', 'hello');
      await world.turnsDone(2);
      const thread = await chat.threadOf(question);
      await world.stop();
      const meanwhile = chat.ask('Ben', 'projects', 'two');
      chat.postIn('Ann', thread, 'three');
      chat.direct('Cem', 'four');
      await world.start();
      await world.turnsDone(5);
      await world.restart();
      chat.ask('Ann', 'projects', 'five');
      await modelAskedFor(chat, 'Ann: five');
      expect(chat.answersTo(meanwhile)).toEqual(['Answer to: Ben: two']);
      expect(chat.answersIn(thread)).toEqual(['Answer to: Ann: one', 'Answer to: Ann: three']);
      expect(chat.answersDirectly('Cem')).toEqual([
        'Answer to: Cem: hello',
        'Answer to: Cem: four',
      ]);
      expect(world.model.answers).toHaveLength(1);
    });
  });
}
