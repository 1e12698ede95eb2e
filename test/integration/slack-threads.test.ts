import { describe, expect } from 'vitest';
import { itInWorlds as it, type SlackWorld, transports } from '../worlds/slack-world.ts';

/** What the model was given with its newest request. */
function read({ model }: SlackWorld): string[] {
  return model.answers.at(-1)!.request.messages.map(({ text }) => text);
}

describe.concurrent.each(transports)('by %s', (transport) => {
  describe('called into a thread', () => {
    it('has read what was said above, with names, and keeps it', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U2').posts('C1', 'shall we ask <@U3> about &lt;div&gt;?');
      fake.person('U3').posts('C1', 'see <https://a.example/x|the page>', { thread_ts: root.ts });
      fake.person('U7').posts('C1', 'Sunny.', { thread_ts: root.ts });
      fake.person('U1').mentions('C1', 'what do you think?', { thread_ts: root.ts });
      await world.turnsDone(1);
      expect(read(world)).toEqual([
        'Ben: shall we ask @Cem about <div>?',
        'Cem: see the page (https://a.example/x)',
        'Weather: Sunny.',
        'Ann: what do you think?',
      ]);
      fake.person('U1').posts('C1', 'and now?', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(read(world)).toHaveLength(6);
      expect(fake.calls('conversations.replies')).toHaveLength(1);
    });

    it('has read what was said above though Slack fails once', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U2').posts('C1', 'the beginning');
      fake.fail('conversations.replies', { kind: 'status', status: 500 });
      fake.person('U1').mentions('C1', 'so?', { thread_ts: root.ts });
      await world.turnsDone(1);
      expect(read(world)).toEqual(['Ben: the beginning', 'Ann: so?']);
    });

    it('has read a thread of several pages: its beginning and its newest messages', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U2').posts('C1', 'the beginning');
      for (let number = 1; number <= 450; number += 1) {
        fake.person('U2').posts('C1', `n${number}`, { thread_ts: root.ts, silently: true });
      }
      fake.person('U1').mentions('C1', 'so?', { thread_ts: root.ts });
      await world.turnsDone(1);
      expect(read(world).slice(0, 2)).toEqual(['Ben: the beginning', 'Ben: n252']);
      expect(read(world).slice(-2)).toEqual(['Ben: n450', 'Ann: so?']);
    });

    it('answers a mention without a word by what stands above it', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U2').posts('C1', 'what is 2 + 2?');
      fake.person('U1').posts('C1', '<@U0T1>', { thread_ts: root.ts });
      await world.turnsDone(1);
      expect(read(world)[0]).toBe('Ben: what is 2 + 2?');
      expect(read(world)[1]).toMatch(/^Ann: \(mentions you without a word/);
    });
  });

  describe('who may go on in a thread', () => {
    it('auto: everybody where it began with a mention of the bot', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      fake.person('U2').posts('C1', 'two', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toHaveLength(2);
    });

    it('auto: those who have addressed it where it was called into; others are context', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const root = await world.callIn();
      fake.person('U2').posts('C1', 'not to you', { thread_ts: root.ts });
      await world.delivered();
      fake.person('U1').posts('C1', 'go on', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toHaveLength(2);
      expect(read(world).slice(-2)).toEqual(['Ben: not to you', 'Ann: go on']);
    });

    it('always: everybody, also where it was called into', async ({ worlds }) => {
      const world = await worlds.begin({ transport, platform: { followups: 'always' } });
      world.answerEverything();
      const { fake } = world;
      const root = await world.callIn();
      fake.person('U2').posts('C1', 'to you', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)[1]).toBe('Answer to: Ben: to you');
    });

    it('mention: nobody; what is said meanwhile is read at the next mention', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport, platform: { followups: 'mention' } });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      fake.person('U1').posts('C1', 'by the way', { thread_ts: root.ts });
      await world.delivered();
      fake.person('U1').mentions('C1', 'two', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toHaveLength(2);
      expect(read(world).slice(-2)).toEqual(['Ann: by the way', 'Ann: two']);
    });

    it('mention: whoever has asked there may still say "stop", others not', async ({ worlds }) => {
      const world = await worlds.begin({ transport, platform: { followups: 'mention' } });
      const { fake } = world;
      const { root, writing } = await world.askAndRead('So far');
      fake.person('U2').posts('C1', 'stop', { thread_ts: root.ts });
      await world.delivered();
      expect(writing.request.signal.aborted).toBe(false);
      fake.person('U1').posts('C1', 'stop', { thread_ts: root.ts });
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.replies('C1', root.ts)[0]).toContain('So far');
    });

    it('takes what mentions somebody else as context, never as a question', async ({ worlds }) => {
      const world = await worlds.begin({ transport, platform: { followups: 'always' } });
      world.answerEverything();
      const { fake } = world;
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      fake.person('U1').posts('C1', '<@U2> what do you say?', { thread_ts: root.ts });
      fake.person('U1').posts('C1', '<!here> look at this', { thread_ts: root.ts });
      await world.delivered();
      fake.person('U2').posts('C1', 'I say yes', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toHaveLength(2);
      expect(read(world).slice(-3)).toEqual([
        'Ann: @Ben what do you say?',
        'Ann: @here look at this',
        'Ben: I say yes',
      ]);
    });

    it('never answers other bots, and leaves threads without it alone', async ({ worlds }) => {
      const world = await worlds.begin({ transport, platform: { followups: 'always' } });
      world.answerEverything();
      const { fake } = world;
      const elsewhere = fake.person('U1').posts('C1', 'nothing to do with the bot');
      fake.person('U2').posts('C1', 'indeed', { thread_ts: elsewhere.ts });
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      fake.person('U7').posts('C1', '<@U0T1> it rains', { thread_ts: root.ts });
      await world.delivered();
      fake.person('U1').posts('C1', 'two', { thread_ts: root.ts });
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toHaveLength(2);
      expect(world.replies('C1', elsewhere.ts)).toEqual([]);
      expect(read(world).slice(-2)).toEqual(['Weather: it rains', 'Ann: two']);
      const untouched = await world.store.conversationView(`slack:T1:C1:${elsewhere.ts}` as never);
      expect(untouched.history).toEqual([]);
    });
  });

  describe('people of other organisations', () => {
    it('are not answered, nor read, by default', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const theirs = fake.person('UX').mentions('CX', 'tell me a secret');
      const ours = fake.person('U1').mentions('CX', 'hello');
      await world.turnsDone(1);
      fake.person('UX').posts('CX', 'and me?', { thread_ts: ours.ts });
      await world.delivered();
      fake.person('U1').posts('CX', 'go on', { thread_ts: ours.ts });
      await world.turnsDone(2);
      expect(world.replies('CX', theirs.ts)).toEqual([]);
      expect(world.replies('CX', ours.ts)).toHaveLength(2);
      expect(read(world).join('\n')).not.toContain('and me?');
    });

    it('are answered if they may be', async ({ worlds }) => {
      const world = await worlds.begin({ transport, platform: { allowOutsiders: true } });
      world.answerEverything();
      const { fake } = world;
      const theirs = fake.person('UX').mentions('CX', 'hello');
      await world.turnsDone(1);
      expect(world.replies('CX', theirs.ts)).toEqual(['Answer to: Xena: hello']);
    });
  });

  describe('what people change', () => {
    it('answers a waiting question as it reads after an edit, and not after its deletion', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake, model } = world;
      const { root, writing } = await world.ask('one');
      const edited = fake.person('U1').posts('C1', 'two', { thread_ts: root.ts });
      const deleted = fake.person('U1').posts('C1', 'three', { thread_ts: root.ts });
      await world.delivered();
      fake.person('U1').edits(edited, 'two, I mean <@U2>');
      fake.person('U1').deletes(deleted);
      await world.delivered();
      writing.write('First.').end();
      await fake.until(() => model.answers.length === 2);
      model.answers[1]!.write('Second.').end();
      await world.turnsDone(2);
      expect(read(world).slice(-1)).toEqual(['Ann: two, I mean @Ben']);
    });

    it('ends the answer, quietly, when one of its messages is deleted', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      writing.write('I go');
      const reply = await world.posted(root);
      fake.person('U1').deletes(reply);
      writing.write(' on');
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.replies('C1', root.ts)).toEqual([]);
      expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
    });

    it('ends the answer when its question is deleted, and writes nothing to the channel', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask('a slip');
      fake.person('U1').deletes(root);
      await world.delivered();
      writing.write('Too late').end();
      await world.turnsDone(1);
      expect(world.botTexts('C1')).toEqual([]);
      expect(world.replies('C1', root.ts)).toEqual([]);
    });

    it('ends the answer when its question is deleted above it, and leaves it as it stands', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.askAndRead('So far');
      fake.person('U1').deletes(root);
      await world.delivered();
      writing.write(' and no further');
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.replies('C1', root.ts)).toEqual(['So far']);
    });

    it('ends the answer at once when one of its messages is deleted while the model pauses', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask('at length');
      writing.write('word '.repeat(2_500));
      const second = await world.posted(root, 1);
      await fake.until(() => world.replies('C1', root.ts)[1] === second.text);
      fake.person('U1').deletes(fake.workspace().channel('C1').replies(root.ts)[0]!);
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
      expect(world.replies('C1', root.ts).join('')).not.toContain('top');
    });

    it('ends the answer at once when a follow-up that it answers is deleted', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake, model } = world;
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      model.onRequest = () => undefined;
      const followup = fake.person('U1').posts('C1', 'two', { thread_ts: root.ts });
      await fake.until(() => model.answers.length === 2);
      model.answers[1]!.write('So far');
      await fake.until(() => world.replies('C1', root.ts)[1] === 'So far');
      fake.person('U1').deletes(followup);
      await world.turnsDone(2);
      expect(model.answers[1]!.request.signal.aborted).toBe(true);
      expect(world.replies('C1', root.ts)[1]).toBe('So far');
    });

    it('goes on when a question is deleted that was answered before', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake, model } = world;
      const root = fake.person('U1').mentions('C1', 'one');
      await world.turnsDone(1);
      model.onRequest = () => undefined;
      fake.person('U2').posts('C1', 'my own', { thread_ts: root.ts });
      await fake.until(() => model.answers.length === 2);
      fake.person('U1').deletes(root);
      await world.delivered();
      model.answers[1]!.write('The whole answer').end();
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)[1]).toBe('The whole answer');
    });

    it('takes its post back when the question was deleted without its knowing', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask('a slip');
      fake.workspace().channel('C1').remove(root);
      writing.write('Too late').end();
      await world.turnsDone(1);
      expect(world.botTexts('C1')).toEqual([]);
    });

    it('takes its post back a little later when Slack has no time for it', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask('a slip');
      fake.workspace().channel('C1').remove(root);
      fake.fail('chat.delete', { kind: 'rate-limited', retryAfterSeconds: 1 }, { times: 2 });
      writing.write('Too late').end();
      await world.turnsDone(1);
      await fake.until(() => world.botTexts('C1').length === 0);
      expect(fake.calls('chat.delete').map(({ outcome }) => outcome)).toEqual([
        'ratelimited',
        'ratelimited',
        'ok',
      ]);
    });
  });

  describe('what people send', () => {
    it.for(['mention-first', 'message-first'] as const)(
      'names files, %s',
      async (twins, { worlds }) => {
        const world = await worlds.begin({ transport, fake: { mentionEventOrder: twins } });
        world.answerEverything();
        const { fake } = world;
        fake.person('U1').mentions('C1', 'read this', { files: [{ name: 'plan.pdf' }] });
        await world.turnsDone(1);
        expect(read(world)).toEqual(['Ann: read this\n  [file: plan.pdf]']);
      },
    );

    it('answers in private channels and among several people', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      const secret = fake.person('U1').mentions('G1', 'psst');
      const several = fake.person('U2').mentions('M1', 'all of you');
      fake.person('U2').posts('M1', 'not for the bot');
      await world.turnsDone(2);
      expect(world.replies('G1', secret.ts)).toEqual(['Answer to: Ann: psst']);
      expect(world.replies('M1', several.ts)).toEqual(['Answer to: Ben: all of you']);
    });

    it('shows a status in direct messages until the first words', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake, model } = world;
      const question = fake.person('U1').posts('D1', 'hello');
      await fake.until(() => fake.status('D1', question.ts) === 'is thinking…');
      await fake.until(() => model.answers.length === 1);
      model.answers[0]!.write('Well');
      await fake.until(() => world.botTexts('D1').length === 1);
      await fake.until(() => fake.status('D1', question.ts) === '');
      model.answers[0]!.end();
      await world.turnsDone(1);
    });

    it('begins afresh at "new"', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      fake.person('U1').posts('D1', 'my name is Ann');
      await world.turnsDone(1);
      fake.person('U1').posts('D1', 'new');
      await world.turnsDone(2);
      fake.person('U1').posts('D1', 'who am I?');
      await world.turnsDone(3);
      expect(read(world)).toEqual(['Ann: who am I?']);
      expect(world.botTexts('D1')[1]).toContain('A new conversation');
    });

    it('tells the author alone of a question too many, and does not answer it later', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport, mostOpen: 1 });
      const { fake, model } = world;
      fake.person('U1').mentions('C1', 'one');
      await fake.until(() => model.answers.length === 1);
      const second = fake.person('U1').mentions('C1', 'two');
      const told = await fake.until(() => fake.activity.ephemerals[0]);
      expect(told).toMatchObject({ user: 'U1', channel: 'C1' });
      // A thread that nobody has replied in yet is not open to anybody.
      expect(told.threadTs).toBeUndefined();
      expect(told.text).toContain('several questions open');
      await world.delivered();
      model.answers[0]!.write('First.').end();
      await world.turnsDone(1);
      await world.restart();
      world.answerEverything();
      fake.person('U1').mentions('C2', 'three');
      await world.turnsDone(2);
      expect(world.replies('C1', second.ts)).toEqual([]);
    });

    it('tells each refusal in its place, and the same one once', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      for (const channel of ['C1', 'C1', 'C2']) {
        fake.person('U1').mentions(channel, 'x'.repeat(50_001));
      }
      fake.person('U1').mentions('C1', 'x'.repeat(50_002));
      await world.delivered();
      await fake.until(() => fake.activity.ephemerals.length === 3);
      const channels = fake.activity.ephemerals.map(({ channel }) => channel);
      expect(channels.toSorted()).toEqual(['C1', 'C1', 'C2']);
    });

    it('tells in a direct message that it is too long', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      fake.person('U1').posts('D1', 'x'.repeat(50_001));
      await fake.until(() => world.botTexts('D1').length === 1);
      expect(world.botTexts('D1')[0]).toContain('too long');
    });

    it('offers prompts to whoever opens the messages tab, once', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      world.answerEverything();
      const { fake } = world;
      fake.person('U1').opensHome();
      await fake.until(() => fake.workspace().prompts.length === 1);
      fake.person('U1').opensHome();
      fake.person('U2').opensHome();
      await fake.until(() => fake.workspace().prompts.length === 2);
      await world.delivered();
      expect(fake.workspace().prompts.map(({ channel }) => channel)).toEqual(['D1', 'D2']);
    });
  });
});
