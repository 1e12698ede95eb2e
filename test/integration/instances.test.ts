import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseAnswers } from '../chaos/numbered-answers.ts';
import { apiKeyOf } from '../chaos/fleet.ts';
import { questionText } from '../chaos/recording-model.ts';
import { type AskedQuestion, QuestionLedger } from '../chaos/question-ledger.ts';
import {
  DiscordThread,
  SlackDirect,
  SlackThread,
  type SimulatedConversation,
} from '../chaos/simulated-conversations.ts';
import { ChaosEnvironment } from '../chaos/environment.ts';

const long = { words: 1_500, perSecond: 100 };
const timeout = 20_000;

let environment: ChaosEnvironment;
let ledger: QuestionLedger;

beforeAll(async () => {
  environment = await ChaosEnvironment.start({
    slack: 'http',
    instances: 3,
    threads: 6,
    directs: 30,
    discords: 3,
    env: { MODEL_CONCURRENCY: '6' },
  });
  ledger = new QuestionLedger(environment.conversations, environment.model);
});

afterAll(async () => {
  await environment.stop();
  expect(environment.slack.violations).toEqual([]);
});

/** A place where nothing was said yet. */
function fresh<S extends SimulatedConversation>(kind: new (...args: never[]) => S): S {
  const used = new Set(ledger.asked.map(({ conversation }) => conversation));
  const place = environment.conversations.find(
    (one): one is S => one instanceof kind && !used.has(one),
  );
  if (place === undefined) throw new Error('every place is in use');
  return place;
}

async function allAnswered(): Promise<void> {
  await vi.waitFor(
    () => {
      ledger.checkAnswers();
      expect(ledger.open).toEqual([]);
    },
    { timeout, interval: 50 },
  );
}

/** Asks for a long answer; resolves, once people read some of it, to who answers and who does not. */
async function answering(
  place: SimulatedConversation,
  wish = long,
): Promise<{ asked: AskedQuestion; at: number; other: number }> {
  const asked = ledger.ask(place, wish);
  await environment.slack.until(() => place.replies().length > 0, timeout);
  const at = [0, 1, 2].find(
    (index) => apiKeyOf(index) === environment.model.latest(asked.name)?.key,
  );
  if (at === undefined) throw new Error('nobody asked the model');
  return { asked, at, other: (at + 1) % 3 };
}

/** Resolves once the model is asked for no more words. */
async function silenced({ name }: AskedQuestion): Promise<void> {
  await vi.waitFor(() => expect(environment.model.latest(name)?.request.endedBy).toBe('client'), {
    timeout,
    interval: 20,
  });
}

/** How many of the answers since then each instance began. */
function begunSince(asking: number): number[] {
  const since = environment.model.requests.slice(asking);
  return [0, 1, 2].map((index) => since.filter(({ key }) => key === apiKeyOf(index)).length);
}

it('spreads questions over all instances, whichever hears them', async () => {
  environment.deliverTo(0);
  const directs = environment.conversations.filter((place) => place instanceof SlackDirect);
  for (const place of directs) ledger.ask(place, { words: 60, perSecond: 60 });
  await allAnswered();
  // What stands while it is being written is taken back by a call of its own.
  await vi.waitFor(() => expect(ledger.broken()).toEqual([]), { timeout, interval: 50 });
  const done = begunSince(0);
  expect(done.reduce((sum, answers) => sum + answers)).toBe(directs.length);
  expect(Math.max(...done)).toBeLessThanOrEqual((2 / 3) * directs.length);
  expect(Math.min(...done)).toBeGreaterThan(0);
}, 60_000);

it('shares out what has waited, too', async () => {
  const before = environment.model.requests.length;
  const operator = environment.fleet.at(0);
  await operator.command('turns', 'pause');
  await vi.waitFor(
    () => {
      for (const index of [0, 1, 2])
        expect(
          environment.fleet.logged(index, 'turns are paused: nothing new is begun'),
        ).toHaveLength(1);
    },
    { timeout, interval: 50 },
  );
  const directs = environment.conversations.filter((place) => place instanceof SlackDirect);
  // They are told of the pause, too: what stands there is no answer alone.
  for (const [at, place] of directs.entries()) {
    // One post each: what edits there are is left to the others here.
    place.say(questionText(`qw${at}`, { words: 3, perSecond: 200, thinksMs: 2_000 }));
  }
  await vi.waitFor(
    async () => {
      const { stdout } = await operator.command('turns', 'list', '--json');
      const { turns } = JSON.parse(stdout) as { turns: unknown[] };
      expect(turns).toHaveLength(directs.length);
    },
    { timeout, interval: 200 },
  );
  await operator.command('turns', 'resume');
  const total = () => begunSince(before).reduce((sum, answers) => sum + answers);
  await vi.waitFor(() => expect(total()).toBe(directs.length), { timeout, interval: 50 });
  // Each takes two for each of its six places at the most, until there is room again.
  expect(Math.max(...begunSince(before))).toBeLessThanOrEqual((2 / 3) * directs.length);
}, 60_000);

it('ends an answer that another instance writes when somebody says stop', async () => {
  const place = fresh(SlackThread);
  const { asked, other } = await answering(place);
  environment.deliverTo(other);
  place.say('stop');
  await silenced(asked);
  await environment.slack.until(() => place.replies().at(-1)?.endsWith('_Stopped._'), timeout);
  expect(place.replies().slice(1)).toEqual([]);
  const text = place.replies().join('\n\n');
  const [, number, written] = /^Answer (\d+) to .* words: (.*)_Stopped\._$/s.exec(text) ?? [];
  const words = written?.trim().split(/\s+/) ?? [text];
  // The last one may be cut.
  const expected = words.map((word, at) => `${number}-${at}`.slice(0, word.length));
  expect(words).toEqual(expected);
}, 60_000);

it('ends an answer that another instance writes when its question is deleted', async () => {
  const place = fresh(SlackThread);
  const { asked, other } = await answering(place);
  environment.deliverTo(other);
  environment.slack.person(place.user).deletes(place.root!);
  await silenced(asked);
}, 60_000);

it('goes on elsewhere with what an instance leaves at SIGTERM, before any lease is over', async () => {
  const place = fresh(SlackThread);
  const { asked, at, other } = await answering(place, { words: 400, perSecond: 150 });
  const before = place.posted.map(({ ts }) => ts);
  environment.deliverTo(other);
  const code = environment.fleet.terminate(at);
  // A lease lasts 15 s, and nobody takes over for some seconds after it.
  await vi.waitFor(() => expect(environment.model.times(asked.name)).toBe(2), {
    timeout: 10_000,
    interval: 20,
  });
  expect(await code).toBe(0);
  expect(environment.model.latest(asked.name)?.key).not.toBe(apiKeyOf(at));
  await vi.waitFor(() => expect(parseAnswers(place.replies()).answers).toHaveLength(1), {
    timeout,
  });
  expect(parseAnswers(place.replies()).problem).toBeUndefined();
  expect(place.posted.map(({ ts }) => ts)).toEqual(before);
}, 60_000);

function leaderSince(index: number): number {
  const times = environment.fleet
    .logged(index, 'leader')
    .map(({ time }) => Date.parse(String(time)));
  return Math.max(0, ...times);
}

it('listens to Discord elsewhere when the instance that did so dies, and hears what it missed', async () => {
  const { discord, fleet } = environment;
  const conversations = environment.conversations.filter((place) => place instanceof DiscordThread);
  // The one that listened first may be gone.
  await discord.until(() => discord.gateway.sessions === 1, timeout);
  const [listening = 0] = [0, 1, 2].toSorted((a, b) => leaderSince(b) - leaderSince(a));
  await fleet.kill(listening);
  for (const place of conversations) ledger.ask(place);
  await vi.waitFor(
    () => {
      const answers = conversations.map((place) => parseAnswers(place.replies()).answers.length);
      expect(answers).toEqual(conversations.map(() => 1));
    },
    { timeout: 40_000, interval: 50 },
  );
  expect(discord.gateway.sessions).toBe(1);
}, 60_000);
