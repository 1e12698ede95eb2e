import { describe, expect, it as base, onTestFinished, vi } from 'vitest';
import { Access } from '../../src/core/intake/access.ts';
import { userTexts } from '../../src/core/domain/user-texts.ts';
import { streamText } from '../fakes/openai/scripts.ts';
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

describe.concurrent('access in Slack', () => {
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
    expect(world.logged('access denied')).toMatchObject([{ why: 'outsider' }, { why: 'direct' }]);
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
  await vi.waitFor(() => expect(logged('bot not answered: MAX_BOT_TURNS reached')).toBe(1), {
    timeout: 10_000,
  });
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
  expect(logged('bot not answered: MAX_BOT_TURNS reached')).toBe(2);
  expect(fake.violations).toEqual([]);
});
