import { afterEach, beforeEach, expect, it } from 'vitest';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../fakes/parley-process.ts';
import type { Message } from '../fakes/slack/message.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { scopes } from './slack-world.ts';

let model: OpenAiFake;
let fake: SlackFake;
let parley: ParleyProcess;
let answers = 0;
let words = 60;

/** Never the same answer twice: what two of them would leave mixed up can be told. */
function nextAnswer(): string {
  answers += 1;
  const middle = Array.from({ length: words }, (_, at) => `${answers}-${at}`).join(' ');
  return `Answer ${answers} begins. ${middle}\n\nAnswer ${answers} ends.`;
}

/** One whole answer: each word of it there, once, in order. */
function expectWhole(text: string): void {
  const [, number] = /^Answer (\d+) begins\./.exec(text) ?? [];
  expect(text.replaceAll(/\s+/g, ' ')).toBe(
    `Answer ${number} begins. ${Array.from({ length: words }, (_, at) => `${number}-${at}`).join(' ')} Answer ${number} ends.`,
  );
}

function replies(root: Message): Message[] {
  return fake
    .workspace()
    .channel(root.channel)
    .replies(root.ts)
    .filter(({ author }) => author.name === 'Parley');
}

const isWhole = (root: Message): boolean =>
  /Answer \d+ ends\.$/.test(replies(root).at(-1)?.text ?? '');

beforeEach(async () => {
  words = 60;
  model = await startOpenAiFake({
    script: (reply, request) =>
      streamText({ text: nextAnswer(), tokensPerSecond: 250 })(reply, request),
  });
  fake = await startSlackFake({
    workspaces: [{ id: 'T1', scopes }],
    // Several processes in a row spend what one could: the limits are not what is looked at here.
    limits: { scale: 10 },
  });
  parley = await startParley({
    OPENAI_BASE_URL: model.url,
    SLACK_BOT_TOKEN: fake.botToken,
    SLACK_APP_TOKEN: fake.appToken,
    SLACK_API_URL: fake.apiUrl,
    DRAIN_SECONDS: '20',
  });
});

afterEach(async () => {
  await parley.stop();
  await fake.close();
  await model.close();
  expect(fake.violations).toEqual([]);
});

it('completes each answer in its own messages, killed at ten random moments', async () => {
  const moments = Array.from({ length: 10 }, () => Math.random() * 800).sort((a, b) => a - b);
  for (const moment of moments) {
    const roots = ['C1', 'C2', 'G1'].map((channel) =>
      fake.person('U1').mentions(channel, `killed after ${moment} ms`),
    );
    const direct = fake.person('U2').posts('D2', `killed after ${moment} ms`);
    await new Promise((resolve) => setTimeout(resolve, moment));
    parley.kill();
    await parley.died();
    const before = roots.map((root) => replies(root).map(({ ts }) => ts));
    parley = await parley.restart();
    for (const [at, root] of roots.entries()) {
      await fake.until(() => isWhole(root), 20_000);
      const after = replies(root);
      expect(after.map(({ ts }) => ts).slice(0, before[at]!.length)).toEqual(before[at]);
      expect(after).toHaveLength(1);
      expectWhole(after[0]!.text);
    }
    await fake.until(() => fake.timeline('D2').at(-1)?.text.endsWith('ends.'), 20_000);
    const said = fake
      .timeline('D2')
      .filter(({ author, ts }) => author === 'Parley' && ts > direct.ts);
    expect(said).toHaveLength(1);
    expectWhole(said[0]!.text);
  }
}, 120_000);

it('completes an answer of several messages in them, killed on its second one', async () => {
  words = 1_600;
  const root = fake.person('U1').mentions('C1', 'a long one');
  await fake.until(() => replies(root).length === 2, 30_000);
  parley.kill();
  await parley.died();
  const before = replies(root).map(({ ts }) => ts);
  parley = await parley.restart();
  await fake.until(() => isWhole(root), 40_000);
  const after = replies(root);
  expect(after.map(({ ts }) => ts).slice(0, 2)).toEqual(before);
  expectWhole(after.map(({ text }) => text).join('\n'));
}, 90_000);

it('ends its answers at SIGTERM, and answers what came meanwhile after the next start', async () => {
  const root = fake.person('U1').mentions('C1', 'going on while it stops');
  await fake.until(() => replies(root).length === 1);
  const code = parley.interrupt();
  await fake.until(() => fake.connections === 0);
  const late = fake.person('U2').mentions('C2', 'asked while it stops');
  expect(await code).toBe(0);
  expect(isWhole(root)).toBe(true);
  expect(replies(late)).toEqual([]);
  parley = await parley.restart();
  await fake.until(() => isWhole(late), 20_000);
  expect(replies(late)).toHaveLength(1);
  expect(replies(root)).toHaveLength(1);
  expectWhole(replies(root)[0]!.text);
}, 60_000);

it('says what is wrong with a token, and nothing of the token', async () => {
  const wrong = startParley({
    SLACK_BOT_TOKEN: 'xoxb-s3cr3t',
    SLACK_APP_TOKEN: fake.appToken,
    SLACK_API_URL: fake.apiUrl,
  });
  await expect(wrong).rejects.toThrow(
    /exit code 78[\s\S]*SLACK_BOT_TOKEN: Slack answers invalid_auth/,
  );
  await expect(wrong).rejects.not.toThrow(/s3cr3t/);
});
