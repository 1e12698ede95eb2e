import { describe, expect } from 'vitest';
import { ScriptedModel } from '../../fakes/scripted-model.ts';
import { askAndRead, type ItWithChats, modelAskedFor, until } from './contract-chats.ts';

/** "stop", in a thread, directly, and to the bot in a channel. */
export function stopping(it: ItWithChats): void {
  describe('"stop"', () => {
    it('ends the answer in its thread, and keeps its text', async ({ chats }) => {
      const chat = await chats.begin();
      const { question, thread } = await askAndRead(chat, 'On and');
      chat.postIn('Ben', thread, 'stop');
      await chat.world.turnsDone(1);
      expect(chat.answersTo(question)).toEqual(['On and\n\n_Stopped._']);
    });

    it('ends the answer in a direct conversation', async ({ chats }) => {
      const chat = await chats.begin();
      chat.direct('Ann', 'at length');
      const answer = await chat.world.modelAsked(1);
      answer.write('So far');
      await until(() => chat.answersDirectly('Ann')[0] === 'So far');
      chat.direct('Ann', 'stop');
      await chat.world.turnsDone(1);
      expect(answer.request.signal.aborted).toBe(true);
      expect(chat.answersDirectly('Ann')).toEqual(['So far\n\n_Stopped._']);
    });

    it('in a channel ends what its author asked there, and is not answered', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      const one = chat.ask('Ann', 'general', 'one');
      const first = await modelAskedFor(chat, 'Ann: one');
      chat.ask('Ann', 'projects', 'elsewhere');
      const elsewhere = await modelAskedFor(chat, 'Ann: elsewhere');
      const two = chat.ask('Ben', 'general', 'two');
      const second = await modelAskedFor(chat, 'Ben: two');
      for (const answer of [first, elsewhere, second]) answer.write('So far');
      await until(() => chat.answersTo(one)[0] === 'So far');
      const stop = chat.ask('Ann', 'general', 'stop');
      await until(() => first.request.signal.aborted);
      await chat.delivered();
      for (const answer of [elsewhere, second]) {
        expect(answer.request.signal.aborted).toBe(false);
        answer.end();
      }
      await world.turnsDone(3);
      const nothing = chat.ask('Ann', 'general', 'Stop!');
      await chat.delivered();
      chat.ask('Ann', 'general', 'three');
      (await modelAskedFor(chat, 'Ann: three')).write('Three.').end();
      await world.turnsDone(4);
      expect(world.model.answers).toHaveLength(4);
      expect(chat.answersTo(one)[0]).toContain('So far');
      expect(chat.answersTo(two)).toEqual(['So far']);
      expect([chat.answersTo(stop), chat.answersTo(nothing)]).toEqual([[], []]);
      expect(chat.answersInChannel('general')).toEqual([]);
      expect(chat.noticesTo('Ann', 'general')).toEqual([]);
    });

    it('in a channel ends nothing that was asked in a thread', async ({ chats }) => {
      const chat = await chats.begin();
      const thread = await chat.openThread('Ben', 'general', 'a topic');
      chat.askIn('Ann', thread, 'and you?');
      const answer = await chat.world.modelAsked(1);
      chat.ask('Ann', 'general', 'stop');
      await chat.delivered();
      expect(answer.request.signal.aborted).toBe(false);
      answer.write('Yes.').end();
      await chat.world.turnsDone(1);
      expect(chat.answersIn(thread)).toEqual(['Yes.']);
      expect(chat.world.model.answers).toHaveLength(1);
    });

    it('ends nothing when its author may not ask any more', async ({ chats }) => {
      const chat = await chats.begin();
      const question = chat.ask('Ben', 'general', 'one');
      const answer = await chat.world.modelAsked(1);
      chat.deny('Ben');
      chat.ask('Ben', 'general', 'stop');
      await chat.delivered();
      // Handled behind the command, in the same channel.
      chat.ask('Ann', 'general', 'two');
      (await modelAskedFor(chat, 'Ann: two')).write('Two.').end();
      expect(answer.request.signal.aborted).toBe(false);
      answer.write('One.').end();
      await chat.world.turnsDone(2);
      expect(chat.answersTo(question)).toEqual(['One.']);
    });

    it('ends nothing that was asked after it, though it is read again later', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      chat.ask('Ann', 'general', 'one');
      await world.modelAsked(1);
      await world.stop();
      chat.ask('Ann', 'general', 'stop');
      chat.ask('Ann', 'general', 'two');
      world.model = new ScriptedModel();
      await world.start();
      const two = await modelAskedFor(chat, 'Ann: two');
      await until(() => world.logged('turn done').length === 1);
      expect(world.logged('turn done')[0]).toMatchObject({
        outcome: 'stopped',
        posts: expect.any(Number),
        longestUnseenMs: expect.any(Number),
        waitedFor: expect.any(String),
      });
      expect(two.request.signal.aborted).toBe(false);
      two.write('Two.').end();
      await world.turnsDone(2);
    });
  });
}
