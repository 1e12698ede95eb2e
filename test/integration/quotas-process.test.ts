import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { openStore } from '../redis/open-store.ts';
import { scopes } from '../worlds/slack-world.ts';

it('tells people of their quota in their place, and whoever runs it who used what', async () => {
  const model = await startOpenAiFake({
    script: streamText({ text: 'An answer.', tokensPerSecond: Infinity }),
  });
  onTestFinished(() => model.close());
  const slack = await startSlackFake({ workspaces: [{ id: 'T1', scopes }] });
  onTestFinished(() => slack.close());
  const discord = await DiscordFake.start();
  onTestFinished(() => discord.stop());
  const parley = await startParley({
    OPENAI_BASE_URL: model.url,
    MODEL: 'fake-model',
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    DISCORD_BOT_TOKEN: discord.token,
    DISCORD_API_URL: discord.apiUrl,
    QUESTIONS_PER_PERSON: '1',
    TOKENS_PER_WORKSPACE: '1000000',
    QUOTA_HOURS: '48',
  });
  onTestFinished(async () => void (await parley.stop()));

  const last = 'Your quota of 1 question is used up with this one; it renews in 48 hours.';
  const spent = 'Your quota of 1 question is used up; it renews in 48 hours.';
  const asked = slack.person('U1').mentions('C1', 'one');
  await slack.until(() => slack.workspace().channel('C1').replies(asked.ts).length === 1);
  await slack.until(() => slack.activity.ephemerals.length === 1);
  const second = slack.person('U1').mentions('C1', 'two');
  await slack.until(() => slack.activity.ephemerals.length === 2);
  expect(slack.activity.ephemerals).toMatchObject([
    { channel: 'C1', user: 'U1', text: last },
    { channel: 'C1', user: 'U1', text: spent },
  ]);
  expect(slack.workspace().channel('C1').replies(second.ts)).toEqual([]);

  const ada = discord.person('Ada');
  const said = () =>
    discord.messages(discord.channel('general')).filter(({ author }) => author === 'Parley');
  const first = ada.mention('general', 'one');
  await discord.until(() => said().length === 1);
  await discord.until(() => discord.thread(first) !== undefined);
  const refused = ada.mention('general', 'two');
  await discord.until(() => said().length === 2);
  expect(said()).toMatchObject([
    { replyTo: first.id, text: last },
    { replyTo: refused.id, text: spent },
  ]);
  await vi.waitFor(() => expect(parley.output.split('"turn done"')).toHaveLength(3), 10_000);

  const [told, senseless] = await Promise.all([
    parley.command('usage', '--days', '7'),
    parley.command('usage', '--days', 'many'),
  ]);
  expect(senseless).toMatchObject({ code: 64, stdout: '' });
  await parley.interrupt();
  const { code, stdout } = await parley.command('usage', '--days', '7');
  expect(code).toBe(0);
  expect(told).toEqual({ code, stdout, stderr: '' });
  expect(stdout).toMatch(/^slack:T1:U1 +Ann +1 +1 +10 +3 +13$/m);
  expect(stdout).toMatch(new RegExp(`^discord:${ada.id} +Ada +1 +1 +10 +3 +13$`, 'm'));
  expect(stdout).toMatch(/^slack:T1 +1 +1 /m);
  expect(stdout).toMatch(/^fake-model +2 +2 +20 +6 +26$/m);
  expect(stdout).toMatch(/^Total +2 +2 +20 +6 +26$/m);
  expect(stdout).not.toContain('counted by Parley');
});

it('tells at once what is in Redis, while Parley runs', async () => {
  const [url, prefix] = [inject('redisUrl'), `test-${randomUUID()}`];
  const parley = await startParley({ REDIS_URL: url, REDIS_PREFIX: prefix });
  onTestFinished(async () => void (await parley.stop()));
  const { store } = await openStore(url, { prefix });
  const day = new Date().toISOString().slice(0, 10);
  const used = { questions: 2, answers: 1, inputTokens: 1_000, outputTokens: 1, countedTokens: 1 };
  const who = { platform: 'slack', workspace: 'slack:T1', person: 'slack:T1:U1', model: 'big' };
  await store.usage.record({ day, ...who, ...used });
  const client = new Redis(url);
  onTestFinished(() => client.disconnect());
  const [key = ''] = await client.keys(`${prefix}:{*}:usage:${day}`);
  await client.hset(key, { damaged: 'x' });
  const { stdout, stderr } = await parley.command('usage', '--by', 'person', '--json');
  expect(stderr).toContain('damaged value left out');
  expect(JSON.parse(stdout)).toMatchObject({
    to: day,
    person: [{ id: 'slack:T1:U1', ...used }],
    total: used,
  });
});
