import { describe, expect, vi } from 'vitest';
import type { LimitOptions } from '../fakes/discord/limits.ts';
import type { Call } from '../fakes/discord/activity-record.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import { type DiscordWorld, itInWorlds as it } from '../worlds/discord-world.ts';

const edits = 'PATCH /channels/:channel/messages/:message';
const posts = 'POST /channels/:channel/messages';

/** Writes like a model, so many words a second. */
async function stream(
  writing: ScriptedAnswer,
  words: readonly string[],
  perSecond: number,
): Promise<void> {
  for (const word of words) {
    writing.write(`${word} `);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
  }
  writing.end();
}

function wordsOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}${at}${at % 8 === 7 ? '.' : ''}`);
}

/** The edits of a channel's messages, in order. */
function editsIn(world: DiscordWorld, channel: string): Call[] {
  const { id } = world.fake.channel(channel);
  return world.fake
    .callsOf('PATCH', '/channels/:channel/messages/:message')
    .filter(({ path }) => path.startsWith(`/channels/${id}/`));
}

/** Never two of them at the same time. */
function expectOneByOne(calls: readonly Call[]): void {
  for (const [at, call] of calls.entries()) {
    const before = calls[at - 1];
    if (before !== undefined) expect(before.answeredAt).toBeLessThanOrEqual(call.at);
  }
}

/** No message ever went back to an earlier text. */
function expectOnlyGrowing(world: DiscordWorld, channel: string): void {
  for (const { id } of world.botMessages(channel)) {
    const texts = world.fake.history(id).map(({ text }) => text ?? '');
    for (const [at, text] of texts.entries()) {
      expect(text.startsWith(texts[at - 1]?.trimEnd() ?? '')).toBe(true);
    }
  }
}

const shapes: readonly (readonly [string, LimitOptions])[] = [
  ['as Discord’s are', {}],
  ['half of that', { scale: 0.5 }],
  ['one at a time', { routes: { [edits]: { kind: 'window', limit: 1, perMs: 700 } } }],
  [
    'refilled, telling when they are full',
    { routes: { [edits]: { kind: 'refill', depth: 5, everyMs: 1_000 } } },
  ],
  [
    'refilled, telling of the next call',
    { routes: { [edits]: { kind: 'refill', depth: 3, everyMs: 1_000, tells: 'next' } } },
  ],
  [
    'smaller for posts, too',
    {
      routes: {
        [posts]: { kind: 'window', limit: 2, perMs: 2_000 },
        [edits]: { kind: 'window', limit: 2, perMs: 2_000 },
      },
    },
  ],
];

describe.concurrent('five replies in one channel', () => {
  it.for(shapes)('are all whole, none twice, with limits %s', async ([, limits], { worlds }) => {
    const world = await worlds.begin({
      platform: { replyIn: 'channel' },
      fake: { limits, latencyMs: 30 },
    });
    const { fake, model } = world;
    const names = ['Ada', 'Ben', 'Cem', 'Dan', 'Eve'];
    const questions = names.map((name) => fake.person(name).mention('general', 'write'));
    await world.modelAsked(5);
    await Promise.all(
      model.answers.map((writing, at) =>
        stream(writing, wordsOf(writing.question.slice(0, 3), 60 + at * 20), 40),
      ),
    );
    await world.turnsDone(5, 40_000);
    for (const [at, name] of names.entries()) {
      const words = model.answers.findIndex(({ question }) => question.startsWith(name));
      // An end that would have to wait long may come as a message of its own.
      const own = world
        .botMessages('general')
        .filter(({ replyTo }) => replyTo === questions[at]!.id);
      expect(own.length).toBeLessThanOrEqual(2);
      expect(own.map(({ text }) => text).join(' ')).toBe(wordsOf(name, 60 + words * 20).join(' '));
    }
    expectOneByOne(editsIn(world, 'general'));
    expectOnlyGrowing(world, 'general');
    // Posts that are made at once may be more than the limit, which nobody has told of by then.
    // Of typing the client library forgets once what is left, as it learns what the limit is called.
    world.allowed.foretold = true;
    const foretold = fake.rateLimited.filter((call) => call.foretold);
    expect(foretold.filter(({ path }) => !path.endsWith('/typing'))).toEqual([]);
    const heldBack = world.logged('rate limited').flatMap(({ budgets }) => budgets as string[]);
    expect(heldBack.filter((key) => key.endsWith(':edit'))).toEqual([]);
  });

  it('end first where one has ended and the others go on', async ({ worlds }) => {
    const world = await worlds.begin({ platform: { replyIn: 'channel' }, fake: { latencyMs: 20 } });
    const { fake, model } = world;
    for (const name of ['Ada', 'Ben', 'Cem', 'Dan', 'Eve']) {
      fake.person(name).mention('general', 'write');
    }
    await world.modelAsked(5);
    for (const writing of model.answers) writing.write('Beginning. ');
    await fake.until(() => world.botMessages('general').length === 5);
    const going = model.answers.slice(1);
    const streams = going.map((writing) => stream(writing, wordsOf('word', 240), 40));
    await fake.until(() => editsIn(world, 'general').length >= 2, 15_000);
    const endedAt = performance.now();
    model.answers[0]!.write('And the end.').end();
    await fake.until(() => world.botTexts('general').includes('Beginning. And the end.'), 15_000);
    // One of the others may have been on its way.
    const next = editsIn(world, 'general').filter(({ at }) => at > endedAt);
    const texts = next.map(({ body }) => (body as { content: string }).content);
    expect(texts.slice(0, 2)).toContain('Beginning. And the end.');
    await Promise.all(streams);
    await world.turnsDone(5, 30_000);
    expectOnlyGrowing(world, 'general');
  });
});

describe.concurrent('limits', () => {
  it('that Discord tells smaller than believed are kept from the first answer on', async ({
    worlds,
  }) => {
    const routes = { [edits]: { kind: 'window', limit: 2, perMs: 1_500 } } as const;
    const world = await worlds.begin({ fake: { limits: { routes } } });
    const question = world.fake.person('Ada').mention('general', 'write');
    await stream(await world.modelAsked(1), wordsOf('word', 120), 40);
    await world.turnsDone(1);
    expect(world.replies(question).join(' ')).toBe(wordsOf('word', 120).join(' '));
    expect(world.fake.rateLimited).toEqual([]);
    // Nor did the client library have to hold anything back.
    expect(world.logged('rate limited')).toEqual([]);
  });

  it('that shrink without a word cost one refusal, and no text', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const question = fake.person('Ada').mention('general', 'write');
    const writing = await world.modelAsked(1);
    writing.write('One ');
    await fake.until(() => world.replies(question).length === 1);
    fake.faults.next('PATCH', '/channels/:channel/messages/:message', {
      kind: 'rate-limited',
      retryAfterSeconds: 1,
    });
    await stream(writing, wordsOf('word', 60), 40);
    await world.turnsDone(1);
    expect(world.replies(question).join(' ')).toBe(`One ${wordsOf('word', 60).join(' ')}`);
    expect(world.logged('rate limited')).toHaveLength(1);
  });

  it('over all the bot does hold everybody up, and cost nothing else', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.faults.next('POST', '/channels/:channel/messages', {
      kind: 'rate-limited',
      retryAfterSeconds: 1,
      scope: 'global',
    });
    const ada = fake.person('Ada').mention('general', 'one');
    await fake.until(() => fake.callsOf('POST', '/channels/:channel/messages').length === 1);
    const ben = fake.person('Ben').mention('projects', 'two');
    await world.turnsDone(2);
    expect(world.replies(ada)).toEqual(['Answer to: Ada: one']);
    expect(world.replies(ben)).toEqual(['Answer to: Ben: two']);
    const [first, ...others] = fake.callsOf('POST', '/channels/:channel/messages');
    for (const { at } of others) expect(at - first!.at).toBeGreaterThanOrEqual(990);
  });

  it('of threads let many questions at once wait for theirs, while people see it typing', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    // The client library forgets once what is left, as it learns what the limit is called.
    world.allowed.foretold = true;
    const { fake } = world;
    const questions = Array.from({ length: 14 }, (_, at) =>
      fake.person(`Person ${at}`).mention('general', 'one'),
    );
    await world.turnsDone(14, 40_000);
    for (const [at, question] of questions.entries()) {
      expect(world.replies(question)).toEqual([`Answer to: Person ${at}: one`]);
    }
    expect(world.botTexts('general')).toEqual([]);
    expect(fake.rateLimited.length).toBeLessThanOrEqual(1);
    const { id } = fake.channel('general');
    const typed = fake.callsOf('POST', '/channels/:channel/typing');
    expect(typed.some(({ path }) => path === `/channels/${id}/typing`)).toBe(true);
  });

  it('of threads that last too long bring the answer into the channel', async ({ worlds }) => {
    const threads = 'POST /channels/:channel/messages/:message/threads';
    const routes = { [threads]: { kind: 'window', limit: 1, perMs: 600_000 } } as const;
    const world = (await worlds.begin({ fake: { limits: { routes } } })).answerEverything();
    world.allowed.foretold = true;
    const { fake } = world;
    fake.person('Ada').mention('general', 'one');
    await world.turnsDone(1);
    const second = fake.person('Ben').mention('general', 'two');
    await world.turnsDone(2);
    expect(world.botMessages('general')).toMatchObject([
      { text: 'Answer to: Ben: two', replyTo: second.id },
    ]);
  });

  it('of one channel that only a refusal tells of hold up no other', async ({ worlds }) => {
    const world = (await worlds.begin({ platform: { replyIn: 'channel' } })).answerEverything();
    const { fake } = world;
    const path = `/channels/${fake.channel('general').id}/messages`;
    fake.faults.next('POST', path, { kind: 'rate-limited', retryAfterSeconds: 600 });
    fake.person('Ada').mention('general', 'slow');
    await fake.until(() => fake.callsOf('POST', '/channels/:channel/messages').length === 1);
    await vi.waitFor(() => expect(world.logged('rate limited')).toHaveLength(1));
    fake.person('Ben').mention('projects', 'quick');
    await fake.until(() => world.botTexts('projects').length === 1);
    expect(world.botTexts('general')).toEqual([]);
  });

  it('of one channel hold up no other', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const general = fake.channel('general').id;
    fake.limits.set(posts, { kind: 'window', limit: 1, perMs: 600_000 });
    fake.faults.next(
      'POST',
      `/channels/${general}/messages/:message/threads`,
      {
        kind: 'refused',
        code: 160_006,
      },
      2,
    );
    for (const name of ['Ada', 'Ben']) fake.person(name).mention('general', 'slow');
    await fake.until(() => world.botTexts('general').length === 1);
    const quick = fake.person('Cem').mention('projects', 'quick');
    await fake.until(() => world.replies(quick).length === 1);
    expect(world.botTexts('general')).toHaveLength(1);
  });
});
