import { describe, expect, vi } from 'vitest';
import { rootedConversation } from '../../src/platforms/discord/messages/conversation-location.ts';
import type { Fault } from '../fakes/discord/faults.ts';
import type { Message } from '../fakes/discord/message.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import { type DiscordWorld, itInWorlds as it } from '../worlds/discord-world.ts';

const post = '/channels/:channel/messages';
const edit = '/channels/:channel/messages/:message';
const thread = '/channels/:channel/messages/:message/threads';

/** Asks in a channel; resolves once the model is asked. */
async function ask(
  world: DiscordWorld,
  channel = 'general',
): Promise<{ question: Message; writing: ScriptedAnswer }> {
  const asked = world.model.answers.length;
  const question = world.fake.person('Ada').mention(channel, 'go on');
  return { question, writing: await world.modelAsked(asked + 1) };
}

/** The same, once the reply's first words stand in its thread. */
async function begin(world: DiscordWorld): Promise<{ question: Message; writing: ScriptedAnswer }> {
  const { question, writing } = await ask(world);
  writing.write('One');
  await world.fake.until(() => world.replies(question)[0] === 'One');
  return { question, writing };
}

/** Ada asks twice, and the first answer goes on behind the second question. */
async function overtaken(
  world: DiscordWorld,
): Promise<{ pages: readonly string[]; second: ScriptedAnswer; said: () => readonly string[] }> {
  const ada = world.fake.person('Ada');
  const said = () => world.botTexts(ada.directChannel);
  ada.dm('one');
  const first = await world.modelAsked(1);
  first.write('First page.\n\n'.repeat(140));
  await world.fake.until(() => said().length === 1);
  ada.dm('two');
  first.write('Second page.\n\n'.repeat(100)).end();
  const second = await world.modelAsked(2);
  const pages = said();
  expect(pages).toHaveLength(2);
  return { pages, second, said };
}

describe.concurrent('passing faults', () => {
  it.for<readonly [string, Fault]>([
    ['429', { kind: 'rate-limited', retryAfterSeconds: 1 }],
    ['a limit of writing, 20028', { kind: 'refused', code: 20_028, retryAfterSeconds: 1 }],
    [
      'a slowed channel, 20016',
      { kind: 'refused', code: 20_016, status: 429, retryAfterSeconds: 1 },
    ],
    ['403 as a page of Cloudflare', { kind: 'page', status: 403 }],
    ['blocked on the way, 40333', { kind: 'refused', code: 40_333 }],
    ['an overload, 130000', { kind: 'refused', code: 130_000, status: 503 }],
    ['an answer that is no JSON', { kind: 'garbled' }],
  ])('%s: the whole answer, once', async ([, fault], { worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    fake.faults.next('POST', thread, fault.kind === 'refused' ? { kind: 'reset' } : fault);
    fake.faults.next('POST', post, fault);
    fake.faults.next('PATCH', edit, fault);
    // Everything goes into the thread, though it may not be made at once.
    const { question, writing } = await ask(world);
    writing.write('One');
    await fake.until(() => world.replies(question).length === 1, 20_000);
    writing.write(' two three.').end();
    await world.turnsDone(1, 20_000);
    expect(world.replies(question)).toEqual(['One two three.']);
    expect(world.botTexts('general')).toEqual([]);
  });

  it('a 429 without a time is not followed by another try at once', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.faults.next('POST', post, { kind: 'page', status: 429 });
    fake.person('Ada').dm('hello');
    await world.turnsDone(1, 15_000);
    const [first, second, ...more] = fake.callsOf('POST', post);
    expect(second!.at - first!.at).toBeGreaterThan(4_000);
    expect(more).toEqual([]);
  });

  it('a post that gets no answer in time stands once, whatever became of it', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const faults: readonly Fault[] = [
      { kind: 'lost', by: 'hang' },
      { kind: 'late', ms: 9_000 },
      { kind: 'slow', ms: 9_000 },
      { kind: 'hang' },
    ];
    const people = faults.map((fault, at) => {
      const person = fake.person(`Person ${at}`);
      fake.faults.next('POST', `/channels/${person.directChannel.id}/messages`, fault);
      person.dm('hello');
      return person;
    });
    await world.turnsDone(4, 25_000);
    // Until the late one has landed, too.
    const [first] = fake.callsOf('POST', post);
    const landed = () => expect(performance.now() - first!.at).toBeGreaterThan(9_500);
    await vi.waitFor(landed, { timeout: 10_000 });
    for (const { name, directChannel } of people) {
      expect(world.botTexts(directChannel)).toEqual([`Answer to: ${name}: hello`]);
    }
  });

  it.for(['a thread', 'a channel', 'a direct conversation'] as const)(
    'a post whose answer is lost is found in %s by the next process, long after',
    async (place, { worlds }) => {
      const replyIn = place === 'a channel' ? 'channel' : 'thread';
      const world = await worlds.begin({ platform: { replyIn }, fake: { nonceLastsMs: 0 } });
      const { fake } = world;
      const ada = fake.person('Ada');
      const question =
        place === 'a direct conversation' ? ada.dm('one') : ada.mention('general', 'one');
      const writing = await world.modelAsked(1);
      if (place === 'a channel') {
        // Another answer stands between the question and its own.
        fake.person('Ben').mention('general', 'another');
        (await world.modelAsked(2)).write('Done.').end();
        await fake.until(() => world.botTexts('general').includes('Done.'));
      }
      fake.faults.next('POST', post, { kind: 'lost', by: 'hang' });
      writing.write('One');
      const said = () =>
        place === 'a thread'
          ? world.replies(question)
          : place === 'a channel'
            ? world
                .botMessages('general')
                .filter(({ replyTo }) => replyTo === question.id)
                .map(({ text }) => text)
            : world.botTexts(ada.directChannel);
      await fake.until(() => said().length === 1);
      await world.stop();
      if (place === 'a channel') fake.person('Cem').say('general', 'something else');
      await world.restart();
      (await world.modelAsked(1)).write('One two three.').end();
      await vi.waitFor(() => expect(said()).toEqual(['One two three.']), { timeout: 10_000 });
      expect(said()).toHaveLength(1);
    },
  );

  it('a page is never taken for one of the answer before, which went on behind the question', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: { nonceLastsMs: 0, limits: { scale: 20 } } });
    const { fake } = world;
    const { pages, second, said } = await overtaken(world);
    fake.faults.next('POST', post, { kind: 'reset' });
    second.write('Another answer.').end();
    await world.turnsDone(2);
    expect(said()).toEqual([...pages, 'Another answer.']);
  });
});

describe.concurrent('refusals in the middle of an answer', () => {
  const blocked = 'This server’s AutoMod does not let me post my answer.';
  const over = 'Discord does not let me change my message any more';

  it.for<readonly [number, string | undefined, string | undefined]>([
    [200_000, blocked, 'AutoMod'],
    [200_001, blocked, 'AutoMod'],
    [30_046, over, undefined],
    [50_001, undefined, 'View Channel'],
    [50_013, undefined, 'Send Messages'],
    [50_035, undefined, 'report'],
    [10_003, undefined, undefined],
    [10_008, undefined, undefined],
    [160_005, undefined, undefined],
  ])('%s: the answer ends', async ([code, sentence, remedy], { worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const { question, writing } = await begin(world);
    fake.faults.next('PATCH', edit, { kind: 'refused', code }, 100);
    writing.write(' two');
    await world.turnsDone(1);
    expect(writing.request.signal.aborted).toBe(true);
    if (sentence !== undefined) {
      await fake.until(() => world.replies(question).length === 2);
      expect(world.replies(question)[1]).toContain(sentence);
    }
    expect(world.replies(question)).toHaveLength(sentence === undefined ? 1 : 2);
    expect(world.replies(question)[0]).toBe('One');
    const gone = code === 10_003 || code === 10_008;
    expect(world.logged('turn done')[0]).toMatchObject({ outcome: gone ? 'stopped' : 'failed' });
    expect(fake.callsOf('PATCH', edit)).toHaveLength(1);
    const remedies = world.logged('Discord refuses').map((fields) => fields['remedy']);
    expect(remedies).toEqual(remedy === undefined ? [] : [expect.stringContaining(remedy)]);
    // The conversation goes on all the same.
    world.answerEverything();
    fake.person('Ada').say(fake.thread(question)!, 'again');
    await world.turnsDone(2);
    expect(world.replies(question).at(-1)).toContain('again');
  });

  it('links are left out where a server forbids them, and the rest is whole', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    const { fake } = world;
    fake.faults.next('POST', post, { kind: 'refused', code: 240_000 });
    const { question, writing } = await ask(world);
    writing.write('See [this](https://a.example/1) and https://b.example/2.');
    await fake.until(() => world.replies(question).length === 1);
    writing.write(' Or https://c.example/3, too.').end();
    await world.turnsDone(1);
    // Nothing is said behind it but the next answer.
    world.answerEverything();
    fake.person('Ada').say(fake.thread(question)!, 'thanks');
    await world.turnsDone(2);
    expect(world.replies(question)).toEqual([
      'See this (link left out) and (link left out). Or (link left out), too.',
      'Answer to: Ada: thanks',
    ]);
    const remedies = world.logged('Discord refuses').map((fields) => fields['remedy']);
    expect(remedies).toEqual([expect.stringContaining('link filter')]);
  });

  it('a text that is refused without links, too, ends the answer with a sentence', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const { question, writing } = await begin(world);
    fake.faults.next('PATCH', edit, { kind: 'refused', code: 240_000 }, 2);
    writing.write(' two');
    await world.turnsDone(1);
    await fake.until(() => world.replies(question).length === 2);
    expect(world.replies(question)[1]).toContain('link filter does not let me');
    expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'failed' });
  });

  it('a sentence about it is posted once, though its answer is lost', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const { question, writing } = await begin(world);
    fake.faults.next('PATCH', edit, { kind: 'refused', code: 200_000 });
    fake.faults.next('POST', post, { kind: 'lost', by: 'reset' });
    writing.write(' two');
    await vi.waitFor(() => expect(fake.callsOf('POST', post)).toHaveLength(3), { timeout: 5_000 });
    expect(world.replies(question)).toHaveLength(2);
  });
});

describe.concurrent('a first message that is refused', () => {
  it('by AutoMod is followed by a sentence in its place', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.faults.next('POST', post, { kind: 'refused', code: 200_000 });
    const question = fake.person('Ada').mention('general', 'hello');
    await fake.until(() => world.replies(question).length === 1);
    expect(world.replies(question)[0]).toContain('AutoMod');
  });

  it('for want of permissions ends the answer, and the log says once what to do', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.person('Ada').mention('read-only', 'one');
    await world.turnsDone(1);
    fake.person('Ada').mention('read-only', 'two');
    await world.turnsDone(2);
    expect(world.botTexts('read-only')).toEqual([]);
    expect(world.logged('Discord refuses')).toEqual([
      {
        method: 'POST',
        path: expect.any(String),
        code: 50_013,
        remedy: expect.stringContaining('Send Messages'),
      },
    ]);
    expect(fake.callsOf('POST', post)).toHaveLength(1);
  });

  it('as a reply is posted without the reference', async ({ worlds }) => {
    const world = (await worlds.begin({ platform: { replyIn: 'channel' } })).answerEverything();
    const { fake } = world;
    world.allowed.wrong = true;
    fake.admin.deny('general', ['ReadMessageHistory']);
    fake.person('Ada').mention('general', 'hello');
    await world.turnsDone(1);
    expect(world.botMessages('general')).toMatchObject([{ text: 'Answer to: Ada: hello' }]);
    expect(world.botMessages('general')[0]).not.toHaveProperty('replyTo');
    expect(world.logged('Discord refuses').at(-1)).toMatchObject({
      code: 160_002,
      remedy: expect.stringContaining('Read Message History'),
    });
  });

  it.for([50_007, 50_278])(
    '%s: a direct message that cannot be delivered is given up',
    async (code, { worlds }) => {
      const world = await worlds.begin();
      const { fake } = world;
      const ada = fake.person('Ada');
      ada.dm('hello');
      const writing = await world.modelAsked(1);
      if (code === 50_007) ada.closeDirectMessages();
      else ada.leave();
      writing.write('One');
      await world.turnsDone(1);
      expect(world.botTexts(ada.directChannel)).toEqual([]);
      expect(fake.callsOf('POST', post).map((call) => call.code)).toEqual([code]);
    },
  );
});

describe.concurrent('a thread that cannot be made', () => {
  it.for<readonly [string, Fault]>([
    ['refused, 50013', { kind: 'refused', code: 50_013 }],
    ['too many of them, 160006', { kind: 'refused', code: 160_006 }],
    ['locked, 160005', { kind: 'refused', code: 160_005 }],
    ['no threads here, 50024', { kind: 'refused', code: 50_024 }],
    ['rate limited', { kind: 'rate-limited', retryAfterSeconds: 60, scope: 'shared' }],
  ])('%s: the answer comes in the channel, and goes on there', async ([, fault], { worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.faults.next('POST', thread, fault);
    const question = fake.person('Ada').mention('general', 'one');
    await world.turnsDone(1);
    expect(world.botMessages('general')).toMatchObject([
      { text: 'Answer to: Ada: one', replyTo: question.id },
    ]);
    const [answer] = world.botMessages('general');
    const again = fake.person('Ada').say('general', 'two', { replyTo: answer!.id });
    await world.turnsDone(2);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ada: two']);
    expect(world.botMessages('general')).toMatchObject([
      {},
      { text: 'Answer to: Ada: two', replyTo: again.id },
    ]);
    expect(fake.thread(question)).toBeUndefined();
  });

  it('in a voice channel: the answer comes in its chat', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const question = world.fake.person('Ada').mention('lounge', 'one');
    await world.turnsDone(1);
    expect(world.botMessages('lounge')).toMatchObject([
      { text: 'Answer to: Ada: one', replyTo: question.id },
    ]);
  });

  it('as somebody was faster, 160004: the answer comes in theirs', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    fake.faults.next('POST', '/channels/:channel/typing', { kind: 'hang' });
    fake.faults.next('POST', thread, { kind: 'lost', by: 'reset' });
    const { question, writing } = await ask(world);
    writing.write('One two three.').end();
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual(['One two three.']);
    expect(world.botTexts('general')).toEqual([]);
  });

  it('as the question was deleted: nothing is said in the channel', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    // As if it was deleted at this moment: the bot has not heard of it yet.
    fake.faults.next('POST', thread, { kind: 'refused', code: 10_008 }, 10);
    const question = fake.person('Ada').mention('general', 'hello?');
    (await world.modelAsked(1)).write('One');
    await world.turnsDone(1);
    expect(world.botTexts('general')).toEqual([]);
    expect(fake.thread(question)).toBeUndefined();
    expect(fake.callsOf('POST', post)).toEqual([]);
    expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
  });

  it('and a question that is deleted where answers come in the channel gets none', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ platform: { replyIn: 'channel' } });
    const { fake } = world;
    const { question, writing } = await ask(world);
    fake.person('Ada').delete(question);
    world.allowed.wrong = true;
    writing.write('One').end();
    await world.turnsDone(1);
    expect(world.botTexts('general')).toEqual([]);
    expect(world.logged('Discord refuses')).toEqual([]);
  });
});

describe.concurrent('a thread that may not be written in', () => {
  it.for([true, false])(
    'is left for the channel, and cleared away; it may be deleted: %s',
    async (deletable, { worlds }) => {
      const world = (await worlds.begin()).answerEverything();
      const { fake } = world;
      if (deletable) fake.admin.allow('general', ['ManageThreads']);
      fake.admin.deny('general', ['SendMessagesInThreads']);
      const question = fake.person('Ada').mention('general', 'one');
      await world.turnsDone(1);
      expect(world.botMessages('general')).toMatchObject([
        { text: 'Answer to: Ada: one', replyTo: question.id },
      ]);
      expect(world.logged('turn done')).toMatchObject([{ outcome: 'done' }]);
      await vi.waitFor(() => {
        const thread = fake.thread(question);
        expect(deletable ? thread === undefined : thread?.thread?.archived).toBe(true);
      });
      // The conversation goes on in the channel.
      const [answer] = world.botMessages('general');
      const again = fake.person('Ada').say('general', 'two', { replyTo: answer!.id });
      await world.turnsDone(2);
      expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ada: two']);
      expect(world.botMessages('general').at(-1)).toMatchObject({ replyTo: again.id });
      // No other thread is made for nothing.
      const next = fake.person('Ben').mention('general', 'three');
      await world.turnsDone(3);
      expect(world.botMessages('general').at(-1)).toMatchObject({ replyTo: next.id });
      expect(fake.callsOf('POST', thread)).toHaveLength(1);
      expect(fake.callsOf('POST', post).filter(({ status }) => status === 403)).toHaveLength(1);
    },
  );

  it('any more ends its answers, and no model is asked for what cannot be shown', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { thread: own } = await world.firstTurn();
    fake.admin.deny('general', ['SendMessagesInThreads']);
    for (let line = 0; line < 5; line += 1) {
      fake.person('Ben').say(own, `line ${line}`);
      await world.turnsDone(line + 2);
    }
    expect(world.model.answers).toHaveLength(2);
    expect(fake.callsOf('POST', post).filter(({ status }) => status === 403)).toHaveLength(1);
    expect(world.logged('turn done').at(-1)).toMatchObject({ outcome: 'failed' });
  });

  it('and may again: the next answer comes', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { question, thread: own } = await world.firstTurn();
    fake.admin.deny('general', ['SendMessagesInThreads']);
    fake.person('Ada').say(own, 'two');
    await world.turnsDone(2);
    fake.admin.allow('general', ['SendMessagesInThreads']);
    fake.person('Ada').say(own, 'three');
    await world.turnsDone(3);
    expect(world.replies(question).at(-1)).toContain('three');
  });
});

describe.concurrent('an answer that another process goes on with', () => {
  it('stays in the channel where it began, though a thread could be made by now', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: { limits: { scale: 20 } } });
    const { fake } = world;
    fake.faults.next('POST', thread, { kind: 'refused', code: 160_006 });
    const { question, writing } = await ask(world);
    writing.write('One');
    await fake.until(() => world.botTexts('general').length === 1);
    await world.restart();
    const long = `One.\n\n${'Words and more words.\n\n'.repeat(120)}`;
    (await world.modelAsked(1)).write(long).end();
    await vi.waitFor(() => expect(world.logged('turn done')).toHaveLength(1), { timeout: 10_000 });
    const pages = world.botMessages('general');
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map(({ replyTo }) => replyTo)).toEqual(pages.map(() => question.id));
    expect(fake.thread(question)).toBeUndefined();
  });

  it.for([true, false])(
    'stands once in the channel, though its first post got no answer; known: %s',
    async (known, { worlds }) => {
      const world = await worlds.begin({ fake: { nonceLastsMs: 0 } });
      const { fake } = world;
      fake.faults.next('POST', thread, { kind: 'refused', code: 160_006 });
      if (!known) fake.faults.next('POST', post, { kind: 'lost', by: 'hang' });
      const { question, writing } = await ask(world);
      writing.write('One');
      await fake.until(() => world.botTexts('general').length === 1);
      await world.restart();
      (await world.modelAsked(1)).write('One two three.').end();
      await vi.waitFor(() => expect(world.botTexts('general')).toEqual(['One two three.']), {
        timeout: 10_000,
      });
      expect(fake.thread(question)).toBeUndefined();
    },
  );

  it.for<readonly ['thread' | 'channel', number, string]>([
    ['thread', 200_000, 'AutoMod does not let me'],
    ['channel', 200_000, 'AutoMod does not let me'],
    ['thread', 30_046, 'does not let me change'],
    ['channel', 30_046, 'does not let me change'],
  ])('ends with a sentence in the %s on %s', async ([replyIn, code, sentence], { worlds }) => {
    const world = await worlds.begin({ platform: { replyIn } });
    const { fake } = world;
    const { question, writing } = await ask(world);
    const shown = () =>
      world.botMessages(replyIn === 'channel' ? 'general' : fake.thread(question)!);
    writing.write('One');
    await fake.until(() => fake.callsOf('POST', post).length === 1);
    await vi.waitFor(() => expect(shown()).toHaveLength(1));
    await world.restart();
    fake.faults.next('PATCH', edit, { kind: 'refused', code }, 100);
    (await world.modelAsked(1)).write('One two').end();
    await vi.waitFor(() => expect(shown()).toHaveLength(2), { timeout: 10_000 });
    expect(shown()[1]!.text).toContain(sentence);
    if (replyIn === 'channel') expect(shown()[1]!.replyTo).toBe(question.id);
  });

  it('is not taken for the one before, which went on behind its question', async ({ worlds }) => {
    const world = await worlds.begin({ fake: { nonceLastsMs: 0, limits: { scale: 20 } } });
    const { fake } = world;
    const { pages, second, said } = await overtaken(world);
    fake.faults.next('POST', post, { kind: 'hang' });
    second.write('Another');
    await fake.until(() => fake.callsOf('POST', post).length === 3);
    await world.restart();
    (await world.modelAsked(1)).write('Another answer.').end();
    await vi.waitFor(() => expect(said()).toEqual([...pages, 'Another answer.']), {
      timeout: 10_000,
    });
  });
});

describe.concurrent('a thread', () => {
  it('that is archived before a page too many is removed is brought back for that', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: { limits: { scale: 20 } } });
    world.allowed.wrong = true;
    const { fake } = world;
    const { question, writing } = await begin(world);
    writing.write(`.\n\n${'Words and more words.\n\n'.repeat(100)}`);
    await fake.until(() => world.replies(question).length === 2);
    await world.restart();
    // As if it was archived between this and the edit before.
    fake.faults.next('DELETE', edit, { kind: 'refused', code: 50_083 });
    (await world.modelAsked(1)).write('One.').end();
    await vi.waitFor(() => expect(world.replies(question)).toEqual(['One.']), { timeout: 10_000 });
    expect(fake.callsOf('PATCH', '/channels/:channel')).toMatchObject([
      { body: { archived: false } },
    ]);
    expect(fake.callsOf('DELETE', edit)).toHaveLength(2);
  });

  it('that was archived in the middle is brought back, and the answer is whole', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    world.allowed.wrong = true;
    const { fake } = world;
    const { question, writing } = await begin(world);
    fake.admin.archive(fake.thread(question)!);
    writing.write(' two three.').end();
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual(['One two three.']);
    expect(fake.thread(question)!.thread!.archived).toBe(false);
  });

  it.for([false, true])(
    'that was locked, archived: %s, ends the answer',
    async (archived, { worlds }) => {
      const world = await worlds.begin();
      world.allowed.wrong = true;
      const { fake } = world;
      const { question, writing } = await begin(world);
      fake.admin.lock(fake.thread(question)!, { archived });
      writing.write(' two');
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.replies(question)).toEqual(['One']);
      expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'failed' });
      expect(fake.callsOf('PATCH', edit).length).toBeLessThanOrEqual(2);
    },
  );

  it('that was deleted ends its answers, and none comes in the channel instead', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    world.allowed.wrong = true;
    const { fake } = world;
    const { question, writing } = await begin(world);
    const own = fake.thread(question)!;
    fake.person('Ada').say(own, 'and one more');
    const conversation = rootedConversation(fake.state.guild().id, own.parentId!, own.id);
    await vi.waitFor(async () => {
      expect((await world.store.conversationView(conversation)).queued).toHaveLength(1);
    });
    fake.admin.deleteChannel(own);
    writing.write(' two').end();
    const next = await world.modelAsked(2);
    next.write('More.').end();
    await world.turnsDone(2);
    expect(world.botTexts('general')).toEqual([]);
  });
});

describe.concurrent('a token that was reset', () => {
  it('ends the process with what to do, and the next one completes the answer in its message', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const { question, writing } = await begin(world);
    const { id } = world.botMessages(fake.thread(question)!)[0]!;
    fake.gateway.token = 'another-token';
    writing.write(' two');
    await vi.waitFor(() => expect(world.fatal).toHaveLength(1));
    expect(world.fatal[0]!.message).toMatch(/DISCORD_BOT_TOKEN.*does not accept it/);
    // Only one call was refused; the others were not even made.
    expect(fake.calls.filter(({ status }) => status === 401)).toHaveLength(1);
    await world.restart();
    (await world.modelAsked(1)).write('One two three.').end();
    await world.turnsDone(1);
    expect(world.botMessages(fake.thread(question)!)).toEqual([
      { id, author: 'Parley', text: 'One two three.' },
    ]);
  });
});

it('tells at the start how to invite the bot', async ({ worlds }) => {
  const world = await worlds.begin();
  const [{ invite } = {}] = world.logged('Discord: invite the bot with this link');
  const { origin, pathname, searchParams } = new URL(String(invite));
  expect(origin + pathname).toBe('https://discord.com/oauth2/authorize');
  expect(Object.fromEntries(searchParams)).toEqual({
    client_id: world.fake.bot.id,
    scope: 'bot',
    // View Channels, Send Messages, Read Message History, Create Public Threads, Send in Threads.
    permissions: String((1n << 10n) | (1n << 11n) | (1n << 16n) | (1n << 35n) | (1n << 38n)),
  });
});
