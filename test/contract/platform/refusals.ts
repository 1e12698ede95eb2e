import { describe, expect } from 'vitest';
import { type ItWithChats, modelAskedFor, prompt, until, waiting } from './contract-chats.ts';

/** Messages that are not answered: of whom may not ask, one too many, one too long. */
export function refusals(it: ItWithChats): void {
  describe('who may not ask', () => {
    it('is neither answered nor kept, and is told privately, once', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      chat.deny('Ben');

      // A thread of people's own, into which the bot is called later.
      const talk = await chat.openThread('Ann', 'general', 'the topic');
      chat.postIn('Ben', talk, 'what Ben thinks of it');
      chat.askIn('Ann', talk, 'and you?');
      const called = await world.modelAsked(1);
      expect(prompt(chat)).toEqual(['Ann: the topic', 'Ann: and you?']);
      called.write('I agree.').end();
      await world.turnsDone(1);

      const asked = chat.ask('Ben', 'general', 'may I?');
      await until(() => chat.noticesTo('Ben', 'general').length === 1);
      const again = chat.ask('Ben', 'general', 'please?');
      chat.direct('Ben', 'or here?');

      // An answer of somebody else's is not theirs to stop or to read on.
      const question = chat.ask('Ann', 'general', 'a long story');
      const story = await world.modelAsked(2);
      story.write('Once upon a time. ');
      const thread = await chat.threadOf(question);
      chat.postIn('Ben', thread, 'stop');
      chat.askIn('Ben', thread, 'stop');
      // What was asked before its author was denied is not changed by them any more.
      const next = chat.postIn('Cem', thread, 'why so?');
      await waiting(chat, thread, ['why so?']);
      await chat.delivered();
      chat.deny('Cem');
      chat.edit('Cem', next, 'what Cem says now');
      chat.edit('Ben', asked, `${chat.mentionOfBot} may I now?`);
      await chat.delivered();
      story.write('The end.').end();
      (await modelAskedFor(chat, 'Cem: why so?')).write('Then they slept.').end();
      await world.turnsDone(3);
      expect(chat.answersIn(thread)).toEqual(['Once upon a time. The end.', 'Then they slept.']);
      expect(prompt(chat).join('\n')).not.toContain('Ben');

      expect(chat.noticesTo('Ben', 'general')).toEqual([chat.denialIn('general')]);
      expect([chat.answersTo(asked), chat.answersTo(again)]).toEqual([[], []]);
      expect(world.model.answers).toHaveLength(3);

      // Allowed later, they are answered from then on: what was refused stays so.
      chat.allow('Ben');
      await world.stop();
      const late = chat.ask('Ben', 'general', 'may I now?');
      await world.start();
      (await modelAskedFor(chat, 'Ben: may I now?')).write('Yes.').end();
      await world.turnsDone(4);
      expect(chat.answersTo(late)).toEqual(['Yes.']);
      expect(chat.answersTo(asked)).toEqual([]);
    });

    it('is told so in a channel where nobody may, and is answered elsewhere', async ({ chats }) => {
      const chat = await chats.begin();
      chat.world.answerEverything();
      chat.denyChannel('projects');
      const asked = chat.ask('Cem', 'projects', 'here?');
      await until(() => chat.noticesTo('Cem', 'projects').length === 1);
      expect(chat.noticesTo('Cem', 'projects')).toEqual([chat.denialIn('projects')]);
      const elsewhere = chat.ask('Cem', 'general', 'and here?');
      await chat.world.turnsDone(1);
      expect(chat.answersTo(elsewhere)).toEqual(['Answer to: Cem: and here?']);
      expect(chat.answersTo(asked)).toEqual([]);
    });

    it('is not told anew of what is read again after a restart', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      chat.deny('Ben');
      world.answerEverything();
      const asked = chat.ask('Ben', 'general', 'may I?');
      await until(() => chat.noticesTo('Ben', 'general').length === 1);
      await world.restart();
      world.answerEverything();
      chat.ask('Ann', 'general', 'hello');
      await world.turnsDone(1);
      expect(chat.noticesTo('Ben', 'general')).toHaveLength(1);
      expect(chat.answersTo(asked)).toEqual([]);
    });
  });

  describe('other bots', () => {
    it('that are not listed are never answered, but read in a thread', async ({ chats }) => {
      const chat = await chats.begin({ followups: 'always' });
      const { world } = chat;
      world.answerEverything();
      const ignored = chat.askAsBot('general', 'hello?');
      const question = chat.ask('Ann', 'general', 'one');
      await world.turnsDone(1);
      const thread = await chat.threadOf(question);
      chat.postIn('Weather', thread, 'Sunny');
      chat.askIn('Weather', thread, 'really');
      await chat.delivered();
      chat.postIn('Ann', thread, 'what is it like?');
      await world.turnsDone(2);
      expect(prompt(chat).slice(-3)).toEqual([
        'Weather: Sunny',
        'Weather: really',
        'Ann: what is it like?',
      ]);
      expect(chat.answersTo(ignored)).toEqual([]);
      expect(world.model.answers).toHaveLength(2);
    });

    it('that are listed may edit their questions, and stop what they asked', async ({ chats }) => {
      const chat = await chats.begin({ mostBotTurns: 3 });
      const { world } = chat;
      const question = chat.askAsBot('general', 'hello?');
      const answer = await world.modelAsked(1);
      const thread = await chat.threadOf(question);
      const next = chat.askIn('Weather', thread, 'and then?');
      await waiting(chat, thread, ['and then?']);
      chat.edit('Weather', next, `${chat.mentionOfBot} and now?`);
      await waiting(chat, thread, ['and now?']);
      chat.askAsBot('general', 'stop');
      await until(() => answer.request.signal.aborted);
      (await world.modelAsked(2)).write('Now.').end();
      await world.turnsDone(2);
      expect(prompt(chat).at(-1)).toBe('Weather: and now?');
    });

    it('are answered where they are listed, but not for ever', async ({ chats }) => {
      const chat = await chats.begin({ mostBotTurns: 2 });
      const { world } = chat;
      world.answerEverything(() => 'Well said.');
      const question = chat.askAsBot('general', 'hello?');
      await world.turnsDone(1);
      const thread = await chat.threadOf(question);
      /** The other bot answers each reply, until it gets none any more. */
      const echo = async (from: number): Promise<void> => {
        chat.askIn('Weather', thread, `reply ${from}`);
        await world.turnsDone(from + 1);
        chat.askIn('Weather', thread, `reply ${from + 1}`);
        await until(() => world.logged('bot not answered: MAX_BOT_TURNS reached').length > 0);
      };
      await echo(1);
      expect(chat.answersIn(thread)).toHaveLength(2);
      chat.postIn('Ann', thread, 'are you two done?');
      await world.turnsDone(3);
      chat.askIn('Weather', thread, 'never');
      await world.turnsDone(4);
      expect(chat.answersIn(thread)).toHaveLength(4);
    });
  });

  describe('a question', () => {
    it('too many is told to its author alone, once, and is not answered later', async ({
      chats,
    }) => {
      const chat = await chats.begin({ mostOpen: 1 });
      const { world } = chat;
      chat.ask('Ann', 'general', 'one');
      const answer = await world.modelAsked(1);
      const second = chat.ask('Ann', 'general', 'two');
      await until(() => chat.noticesTo('Ann', 'general').length === 1);
      chat.ask('Ann', 'general', 'three');
      await chat.delivered();
      expect(chat.noticesTo('Ann', 'general')).toEqual([
        expect.stringContaining('several questions open'),
      ]);
      answer.write('First.').end();
      await world.turnsDone(1);
      await world.restart();
      world.answerEverything();
      chat.ask('Ann', 'projects', 'four');
      await world.turnsDone(2);
      expect(chat.answersTo(second)).toEqual([]);
      expect(chat.noticesTo('Ann', 'general')).toHaveLength(1);
    });

    it('that is too long is told so where it was asked', async ({ chats }) => {
      const chat = await chats.begin();
      chat.ask('Ann', 'general', 'x'.repeat(50_001));
      await until(() => chat.noticesTo('Ann', 'general').length === 1);
      expect(chat.noticesTo('Ann', 'general')[0]).toContain('too long');
      chat.direct('Ben', 'x'.repeat(50_001));
      await until(() => chat.answersDirectly('Ben').length === 1);
      expect(chat.answersDirectly('Ben')[0]).toContain('too long');
      expect(chat.world.model.answers).toEqual([]);
    });
  });
}
