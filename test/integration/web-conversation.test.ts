import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ModelFailed, StoreUnavailable } from '../../src/core/domain/errors.ts';
import { beforeAccept, overrideStore } from '../fakes/overridden-store.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { WebWorld } from '../worlds/web-world.ts';
import type { Browser, OpenPage } from '../worlds/web-world.ts';

let world: WebWorld;
let ana: Browser;
let here: string;

beforeEach(async () => {
  world = new WebWorld();
  await world.start();
  ana = await world.visitor();
  here = randomUUID();
});

afterEach(() => world.end());

async function writing(count = 1) {
  await vi.waitFor(() => expect(world.model.answers).toHaveLength(count));
  return world.model.answers[count - 1]!;
}

async function reads(page: OpenPage, transcript: string[]): Promise<void> {
  await vi.waitFor(() => expect(page.transcript).toEqual(transcript));
}

it('shows the question, that Parley thinks, the reply as it grows, and its end', async () => {
  const page = await ana.open(here);
  expect(await ana.say(here, 'Why is the sea salty?')).toMatchObject({ status: 202 });
  const reply = await writing();
  await vi.waitFor(() => expect(page.running?.working).toEqual({ phase: 'thinking' }));
  reply.write('Rivers ');
  await reads(page, ['you: Why is the sea salty?', 'parley… Rivers']);
  reply.write('bring salt.');
  await reads(page, ['you: Why is the sea salty?', 'parley… Rivers bring salt.']);
  reply.end();
  await reads(page, ['you: Why is the sea salty?', 'parley: Rivers bring salt.']);
  page.close();
});

it('shows the same in a second tab, in the middle of an answer', async () => {
  const first = await ana.open(here);
  await ana.say(here, 'Go on');
  const reply = await writing();
  reply.write('One.');
  await reads(first, ['you: Go on', 'parley… One.']);
  const second = await ana.open(here);
  await reads(second, ['you: Go on', 'parley… One.']);
  reply.write(' Two.').end();
  await reads(first, ['you: Go on', 'parley: One. Two.']);
  await reads(second, ['you: Go on', 'parley: One. Two.']);
  expect(second.transcript).toEqual(first.transcript);
  first.close();
  second.close();
});

it('answers a message once that was sent twice', async () => {
  const id = randomUUID();
  await ana.say(here, 'Hello', id);
  const again = await ana.say(here, 'Hello', id);
  expect(again).toMatchObject({ status: 202, text: '{"receipt":"duplicate"}' });
  (await writing()).write('Hey.').end();
  const page = await ana.open(here);
  await reads(page, ['you: Hello', 'parley: Hey.']);
  page.close();
});

it('stops an answer and keeps what was written', async () => {
  const page = await ana.open(here);
  await ana.say(here, 'Count');
  (await writing()).write('1 2 3');
  await reads(page, ['you: Count', 'parley… 1 2 3']);
  expect(await ana.post(`/api/conversations/${here}/stop`, {})).toMatchObject({
    status: 202,
    text: '{"stopping":true}',
  });
  await vi.waitFor(() => expect(page.transcript[1]).toMatch(/^parley: 1 2 3/));
  page.close();
});

it('keeps questions that come meanwhile for the next answer, and lets one be taken back', async () => {
  const page = await ana.open(here);
  await ana.say(here, 'First');
  const first = await writing();
  first.write('Well');
  const second = randomUUID();
  await ana.say(here, 'Second', second);
  await ana.say(here, 'Third');
  await reads(page, ['you: First', 'parley… Well', 'you, next: Second', 'you, next: Third']);
  expect(
    await ana.ask(`/api/conversations/${here}/messages/${second}`, { method: 'DELETE' }),
  ).toMatchObject({ status: 200, text: '{"withdrawn":true}' });
  await reads(page, ['you: First', 'parley… Well', 'you, next: Third']);
  first.end();
  await reads(page, ['you: First', 'parley: Well', 'you: Third', 'parley… ']);
  page.close();
});

it('tells how many are ahead while the model is busy', async () => {
  await world.stop();
  world.concurrency = 1;
  await world.start();
  const [ben, cleo] = [await world.visitor(), await world.visitor()];
  await ben.say(randomUUID(), 'Something long');
  const long = await writing();
  const there = randomUUID();
  const next = await cleo.open(there);
  await cleo.say(there, 'Me next');
  const waits = (looker: OpenPage, ahead: number) =>
    vi.waitFor(() => expect(looker.running?.working).toEqual({ phase: 'waiting', ahead }), {
      timeout: 5_000,
    });
  await waits(next, 0);
  const page = await ana.open(here);
  await ana.say(here, 'Me too');
  await waits(page, 1);
  long.end();
  await waits(page, 0);
  next.close();
  page.close();
});

it('goes on with a cut answer after a restart, in the place where it was', async () => {
  const before = await ana.open(here);
  await ana.say(here, 'Tell me all');
  (await writing()).write('The first version of it');
  await vi.waitFor(() => expect(before.growing).toBe('The first version of it'));
  const { running } = before;
  await world.restart();
  const after = await ana.open(here);
  await reads(after, ['you: Tell me all', 'parley… The first version of it']);
  expect(after.running).toMatchObject({ id: running!.id, pages: running!.pages });
  (await writing()).write('Another beginning, and longer than before, and its end.').end();
  await reads(after, [
    'you: Tell me all',
    'parley: Another beginning, and longer than before, and its end.',
  ]);
  await before.done;
  after.close();
});

it('shows why an answer failed below what was written of it', async () => {
  const page = await ana.open(here);
  await ana.say(here, 'Will this work?');
  const reply = await writing();
  reply.write('It will');
  await vi.waitFor(() => expect(page.growing).toBe('It will'));
  reply.fail(new ModelFailed('cut', 'the connection was cut'));
  await vi.waitFor(() => expect(page.transcript[1]).toMatch(/^parley: It will \[.+\]$/));
  page.close();
});

it('opens an empty page on a conversation of somebody else', async () => {
  await ana.say(here, 'My secret');
  (await writing()).write('Safe with me.').end();
  const page = await (await world.visitor()).open(here);
  expect(page.status).toBe(200);
  await vi.waitFor(() => expect(page.events).toBe(1));
  expect(page.transcript).toEqual([]);
  page.close();
});

it('cuts an answer of 40,000 characters into pages and shows it whole in the end', async () => {
  const page = await ana.open(here);
  await ana.say(here, 'Everything');
  const text = Array.from({ length: 1_200 }, (_, n) => `Paragraph ${n} of many more to come.`);
  const whole = text.join('\n\n').slice(0, 40_000).trim();
  const reply = await writing();
  reply.write(whole);
  await vi.waitFor(() => expect(page.running?.pages.length).toBeGreaterThan(3));
  reply.end();
  await reads(page, ['you: Everything', `parley: ${whole}`]);
  page.close();
});

it('takes nothing in while it stops, and says so', async () => {
  await world.web.stopReceiving();
  const answer = await ana.say(here, 'Too late?');
  expect(answer.status).toBe(503);
  expect(answer.text).toContain('restart');
});

it('never says a message is taken that could not be stored', async () => {
  await world.stop();
  let fault: StoreUnavailable | undefined;
  world.wrapStore = beforeAccept(() => {
    if (fault !== undefined) throw fault;
  });
  await world.start();
  const words = `Keep this: ${leakCanaries.words}`;
  const told = [
    [{}, 'Parley cannot store anything right now. Try again in a minute.'],
    [{ trouble: 'Parley’s disk is full' }, 'Parley’s disk is full; tell whoever runs Parley.'],
    [{ trouble: 'the disk of Redis is full' }, 'The disk of Redis is full; tell whoever runs'],
  ] as const;
  for (const [options, sentence] of told) {
    fault = new StoreUnavailable('full', 'no room', options);
    expect(await ana.say(here, words)).toMatchObject({
      status: 503,
      text: expect.stringContaining(sentence),
    });
  }
  fault = undefined;
  expect(await ana.say(here, words)).toMatchObject({ status: 202 });
});

it('asks for patience whoever has too many questions open', async () => {
  await world.stop();
  world.wrapStore = overrideStore(() => ({
    acceptAndClaim: () => Promise.resolve({ receipt: 'too-many' }),
  }));
  await world.start();
  expect(await ana.say(here, 'One more')).toMatchObject({
    status: 429,
    text: expect.stringContaining('several questions open'),
  });
});

it('says what is wrong with a message that cannot be taken', async () => {
  const path = `/api/conversations/${here}/messages`;
  const id = randomUUID();
  const tried = {
    empty: await ana.say(here, ' \n '),
    long: await ana.say(here, 'x'.repeat(50_001)),
    noText: await ana.post(path, { id }),
    noId: await ana.post(path, { id: '../../etc', text: 'Hi' }),
    noJson: await ana.ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"id": ',
    }),
    form: await ana.ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'text=hi',
    }),
    noUuid: await ana.say('not-a-uuid', 'Hi'),
    nobody: await world.browser().say(here, 'Hi'),
    takeBack: await ana.ask(`${path}/nothing`, { method: 'DELETE' }),
  };
  const statuses = Object.entries(tried).map(([name, { status }]) => [name, status]);
  expect(Object.fromEntries(statuses)).toEqual({
    empty: 400,
    long: 413,
    noText: 400,
    noId: 400,
    noJson: 400,
    form: 415,
    noUuid: 400,
    nobody: 401,
    takeBack: 400,
  });
  for (const { text } of Object.values(tried)) {
    expect(JSON.parse(text)).toEqual({ error: expect.stringMatching(/^[A-Z].*\.$/) });
  }
  expect(world.model.answers).toEqual([]);
});

it('keeps the order of messages that are sent within one millisecond', async () => {
  await world.stop();
  const now = Date.now();
  world.options = { now: () => now };
  await world.start();
  await ana.say(here, 'one', '00000000-0000-4000-8000-00000000000c');
  await writing();
  await ana.say(here, 'two', '00000000-0000-4000-8000-00000000000b');
  await ana.say(here, 'three', '00000000-0000-4000-8000-00000000000a');
  const page = await ana.open(here);
  expect(page.queued.map(({ text }) => text)).toEqual([]);
  await vi.waitFor(() => expect(page.queued.map(({ text }) => text)).toEqual(['two', 'three']));
  page.close();
});
