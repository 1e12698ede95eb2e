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

    it('answers direct messages, flat and in threads, each with its own past', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake, model } = world;
      world.answerEverything();
      const first = fake.person('U1').posts('D1', 'flat');
      await world.turnsDone(1);
      expect(world.botTexts('D1')).toEqual(['Answer to: Ann: flat']);
      await fake.until(() => fake.status('D1', first.ts) === '');
      fake.person('U1').posts('D1', 'in a thread', { thread_ts: first.ts });
      await world.turnsDone(2);
      expect(world.replies('D1', first.ts)).toEqual(['Answer to: Ann: in a thread']);
      expect(model.answers[1]!.request.messages.map(({ text }) => text)).toEqual([
        'Ann: flat',
        'Ann: in a thread',
      ]);
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
      // A thread that nobody has replied in yet is not open to anybody.
      expect(fake.activity.ephemerals.map(({ threadTs }) => threadTs)).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
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
