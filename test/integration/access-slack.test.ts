import { describe, expect, it as base, onTestFinished, vi } from 'vitest';
import { Access } from '../../src/core/intake/access.ts';
import { userTexts } from '../../src/core/domain/user-texts.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { itInWorlds as it, scopes, type SlackWorld } from '../worlds/slack-world.ts';

/** Who was told something that nobody else sees, where, and what. */
function told({ fake }: SlackWorld): string[] {
  return fake.activity.ephemerals.map(
    ({ user, channel, text }) => `${user} in ${channel}: ${text}`,
  );
}

/** The answer that the model is asked for to this question. */
function answerTo({ model }: SlackWorld, question: string): Promise<ScriptedAnswer> {
  return vi.waitFor(
    () => {
      const found = model.answers.find((writing) => writing.question === question);
      if (found === undefined) throw new Error(`nobody asked "${question}"`);
      return found;
    },
    { timeout: 10_000 },
  );
}

function read({ request }: ScriptedAnswer): string {
  return request.messages.map(({ text }) => text).join('\n');
}

describe.concurrent('access in Slack', () => {
  it('neither answers nor keeps what a refused person says, and tells them privately, once', async ({
    worlds,
  }) => {
    const people = { allow: [], deny: ['U2'] };
    const channels = { allow: [], deny: ['C2'] };
    const access = new Access({ people, channels });
    const world = await worlds.begin({ platform: { access } });
    const { fake } = world;
    const [ann, ben, cem] = [fake.person('U1'), fake.person('U2'), fake.person('U3')];

    // A thread of people's own, into which the bot is called later.
    const talk = ann.posts('C1', 'the topic');
    ben.posts('C1', 'what Ben thinks of it', { thread_ts: talk.ts });
    ann.mentions('C1', 'and you?', { thread_ts: talk.ts });
    const called = await answerTo(world, 'Ann: and you?');
    expect(read(called)).toContain('the topic');
    expect(read(called)).not.toContain('Ben');
    called.write('I agree.').end();
    await world.turnsDone(1);

    const asked = ben.mentions('C1', 'may I?');
    await fake.until(() => told(world).length === 1);
    const again = [ben.mentions('C1', 'please?'), ben.writes('or here?')];
    const elsewhere = cem.mentions('C2', 'here?');
    await fake.until(() => told(world).length === 2);
    cem.writes('but here?');

    // An answer of somebody else's is not theirs to stop or to read on.
    const { root, writing } = await world.ask('a long story');
    writing.write('Once upon a time. ');
    ann.posts('C1', 'wait, what?', { thread_ts: root.ts });
    ben.posts('C1', 'stop', { thread_ts: root.ts });
    ben.mentions('C1', 'stop', { thread_ts: root.ts });
    // What was asked before its author was denied is not changed by them any more.
    const waiting = cem.posts('C1', 'why so?', { thread_ts: root.ts });
    await world.delivered();
    people.deny.push('U3');
    cem.edits(waiting, 'what Cem says now');
    ben.edits(asked, `<@${fake.workspace().bot.id}> may I now?`);
    await world.delivered();
    writing.write('The end.').end();
    const next = await answerTo(world, 'Cem: why so?');
    next.write('Then they slept.').end();
    (await answerTo(world, 'Cem: but here?')).write('Yes.').end();
    await world.turnsDone(4);
    expect(world.replies('C1', root.ts)).toEqual([
      'Once upon a time. The end.',
      'Then they slept.',
    ]);
    expect(read(next)).not.toContain('Ben');

    expect(told(world)).toEqual([
      `U2 in C1: ${userTexts.notAllowed}`,
      `U3 in C2: ${userTexts.notAllowed}`,
    ]);
    for (const { channel, ts } of [asked, ...again, elsewhere]) {
      expect(world.replies(channel, ts)).toEqual([]);
    }
    expect(world.botTexts('D2')).toEqual([]);
    expect(world.botTexts('D3')).toEqual(['Yes.']);
    expect(world.logged('turned away')).toMatchObject([
      { platform: 'slack', person: 'T1:U2', why: 'person' },
      { platform: 'slack', person: 'T1:U3', why: 'channel', channel: 'C2' },
    ]);

    // Allowed later, they are answered from then on: what was refused stays so, though it is read again.
    people.deny.length = 0;
    await world.stop();
    const late = ben.mentions('C1', 'may I now?', { silently: true });
    await world.start();
    (await answerTo(world, 'Ben: may I now?')).write('Yes.').end();
    await world.turnsDone(5);
    expect(world.replies('C1', late.ts)).toEqual(['Yes.']);
    expect(world.replies('C1', asked.ts)).toEqual([]);
  });

  it('tells nobody anew of what is read again after a restart', async ({ worlds }) => {
    const access = new Access({ people: { allow: [], deny: ['U2'] } });
    const world = await worlds.begin({ platform: { access } });
    const { fake } = world;
    world.answerEverything();
    const asked = fake.person('U2').mentions('C1', 'may I?');
    await fake.until(() => told(world).length === 1);
    await world.restart();
    world.answerEverything();
    fake.person('U1').mentions('C1', 'hello');
    await world.turnsDone(1);
    expect(told(world)).toHaveLength(1);
    expect(world.replies('C1', asked.ts)).toEqual([]);
  });

  it('tells outsiders, and those who write directly where nobody may', async ({ worlds }) => {
    const access = new Access({ direct: 'off' });
    const world = await worlds.begin({ platform: { access } });
    const { fake } = world;
    world.answerEverything();
    const theirs = fake.person('UX').mentions('CX', 'hello');
    await fake.until(() => told(world).length === 1);
    fake.person('U1').opensHome();
    fake.person('U1').writes('hello');
    await fake.until(() => world.botTexts('D1').length === 1);
    fake.person('U1').writes('hello?');
    const ours = fake.person('U1').mentions('CX', 'and here?');
    await world.turnsDone(1);
    expect(told(world)).toEqual([`UX in CX: ${userTexts.notAllowed}`]);
    expect(world.botTexts('D1')).toEqual([userTexts.notAllowed]);
    expect(world.replies('CX', theirs.ts)).toEqual([]);
    expect(world.replies('CX', ours.ts)).toEqual(['Answer to: Ann: and here?']);
    expect(fake.calls('assistant.threads.setSuggestedPrompts')).toEqual([]);
    expect(world.logged('turned away')).toMatchObject([{ why: 'outsider' }, { why: 'direct' }]);
  });
});

base('a process does as its variables say, and two bots do not talk for ever', async () => {
  const model = await startOpenAiFake({
    script: (reply, request) => streamText({ text: 'Well said.' })(reply, request),
  });
  const fake = await startSlackFake({ workspaces: [{ id: 'T1', scopes }], limits: { scale: 10 } });
  const parley = await startParley({
    OPENAI_BASE_URL: model.url,
    SLACK_BOT_TOKEN: fake.botToken,
    SLACK_APP_TOKEN: fake.appToken,
    SLACK_API_URL: fake.apiUrl,
    ALLOW_BOTS: 'B7',
    MAX_BOT_TURNS: '2',
    DENY_PEOPLE: 'U2',
    DIRECT_MESSAGES: 'off',
  });
  onTestFinished(async () => {
    await parley.stop();
    await fake.close();
    await model.close();
  });
  const [ann, ben, robot] = [fake.person('U1'), fake.person('U2'), fake.person('U7')];
  const root = robot.mentions('C1', 'hello?');
  const answers = (): number =>
    fake
      .thread('C1', root.ts)
      .filter(({ author, text }) => author === 'Parley' && text === 'Well said.').length;
  const logged = (event: string): number => parley.output.split(`"${event}"`).length - 1;

  /** The other bot answers each reply with a mention. */
  const echo = async (count: number): Promise<void> => {
    await vi.waitFor(() => expect([answers(), logged('turn done')]).toEqual([count, count]), {
      timeout: 10_000,
    });
    robot.mentions('C1', `reply ${count}`, { thread_ts: root.ts });
  };
  await echo(1);
  await echo(2);
  await vi.waitFor(() => expect(logged('bots have had their turns')).toBe(1), { timeout: 10_000 });
  robot.posts('C1', 'are you there?', { thread_ts: root.ts });
  ben.mentions('C1', 'may I?', { thread_ts: root.ts });
  await fake.until(() => fake.activity.ephemerals.length === 1);
  expect(fake.activity.ephemerals).toMatchObject([{ user: 'U2', text: userTexts.notAllowed }]);
  ann.posts('C1', 'are you two done?', { thread_ts: root.ts });
  await echo(3);
  await echo(4);
  await echo(5);
  ann.writes('and here?');
  await fake.until(() => fake.timeline('D1').length === 2);
  expect(answers()).toBe(5);
  expect(logged('bots have had their turns')).toBe(2);
  expect(fake.violations).toEqual([]);
});
