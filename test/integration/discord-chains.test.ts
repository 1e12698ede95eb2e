import { describe, expect, vi } from 'vitest';
import type { Shown } from '../fakes/discord/discord-fake.ts';
import type { Message } from '../fakes/discord/message.ts';
import { type DiscordWorld, itInWorlds as it } from '../worlds/discord-world.ts';

const inChannel = { platform: { replyIn: 'channel' } } as const;

/** The bot's answers to a message, as replies in the channel. */
function answers(world: DiscordWorld, question: Message): Shown[] {
  return world.botMessages('general').filter(({ replyTo }) => replyTo === question.id);
}

/** The bot's answer to a message, once it is posted. */
async function answer(world: DiscordWorld, question: Message): Promise<string> {
  return (await world.fake.until(() => answers(world, question)[0])).id;
}

/** Ada asks in the channel, and is answered: her question, and the id of its answer. */
async function answeredOne(world: DiscordWorld): Promise<{ one: Message; first: string }> {
  const one = world.fake.person('Ada').mention('general', 'one');
  await world.turnsDone(1);
  return { one, first: await answer(world, one) };
}

/** The same; then Parley has forgotten all of it, and started anew. */
async function answeredAndForgotten(world: DiscordWorld): ReturnType<typeof answeredOne> {
  world.answerEverything();
  const answered = await answeredOne(world);
  await world.store.forgetConversation(world.conversationOf(answered.one));
  await world.restart();
  world.answerEverything();
  return answered;
}

/** The prompt of the answer to a question. */
function promptOf(world: DiscordWorld, question: string): string[] {
  const writing = world.model.answers.find((one) => one.question === question);
  return writing?.request.messages.map(({ text }) => text) ?? [];
}

describe.concurrent('a chain of replies in a channel', () => {
  it('goes on with a reply to the answer, without a mention', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const { first } = await answeredOne(world);
    const two = fake.person('Ben').say('general', 'two', { replyTo: first });
    await world.turnsDone(2);
    const three = fake.person('Ada').say('general', 'three', {
      replyTo: await answer(world, two),
      pings: false,
    });
    await world.turnsDone(3);
    expect(answers(world, three)).toMatchObject([{ text: 'Answer to: Ada: three' }]);
    expect(world.prompt).toEqual([
      'Ada: one',
      'Answer to: Ada: one',
      'Ben: two',
      'Answer to: Ben: two',
      'Ada: three',
    ]);
  });

  it('does not go on with what replies to nothing, or to people', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const { one } = await answeredOne(world);
    fake.person('Ada').say('general', 'to nobody');
    fake.person('Ben').say('general', 'to Ada', { replyTo: one });
    fake.person('Ada').mention('general', 'new question');
    await world.turnsDone(2);
    expect(world.model.answers).toHaveLength(2);
    expect(world.prompt).toEqual(['Ada: new question']);
  });

  it('forks at an earlier answer, and each branch sees its own ancestors', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const { first } = await answeredOne(world);
    const two = ada.say('general', 'two', { replyTo: first });
    await world.turnsDone(2);
    const other = ben.say('general', 'other', { replyTo: first });
    await world.turnsDone(3);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ben: other']);
    ada.say('general', 'three', { replyTo: await answer(world, two) });
    await world.turnsDone(4);
    expect(world.prompt).toEqual([
      'Ada: one',
      'Answer to: Ada: one',
      'Ada: two',
      'Answer to: Ada: two',
      'Ada: three',
    ]);
    ben.say('general', 'others', { replyTo: await answer(world, other) });
    await world.turnsDone(5);
    expect(world.prompt).toEqual([
      'Ada: one',
      'Answer to: Ada: one',
      'Ben: other',
      'Answer to: Ben: other',
      'Ben: others',
    ]);
  });

  it('forks when two people reply to the same answer at once', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const { first } = await answeredOne(world);
    const two = fake.person('Ada').say('general', 'two', { replyTo: first });
    const other = fake.person('Ben').say('general', 'other', { replyTo: first });
    await world.turnsDone(3);
    expect(answers(world, two)).toMatchObject([{ text: 'Answer to: Ada: two' }]);
    expect(answers(world, other)).toMatchObject([{ text: 'Answer to: Ben: other' }]);
    for (const question of ['Ada: two', 'Ben: other']) {
      expect(promptOf(world, question)).toEqual(['Ada: one', 'Answer to: Ada: one', question]);
    }
  });

  it('forks while the answer is still being written, from what people read of it', async ({
    worlds,
  }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    const one = fake.person('Ada').mention('general', 'one');
    const writing = await world.modelAsked(1);
    // Two pages: whoever replies to one of them means all of it.
    const long = 'word '.repeat(500);
    writing.write(long);
    const second = await fake.until(() => answers(world, one)[1]);
    const two = fake.person('Ada').say('general', 'two', { replyTo: second.id });
    await vi.waitFor(async () => {
      const { queued } = await world.store.conversationView(world.conversationOf(one));
      expect(queued.map(({ id }) => id)).toEqual([two.id]);
    });
    fake.person('Ben').say('general', 'other', { replyTo: second.id });
    const forked = await world.modelAsked(2);
    expect(world.prompt).toEqual([
      'Ada: one',
      expect.stringMatching(/^(word ?){401,}/),
      'Ben: other',
    ]);
    forked.write('Forked.').end();
    writing.write('and on.').end();
    (await world.modelAsked(3)).write('Two.').end();
    await world.turnsDone(3);
    expect(world.prompt).toEqual(['Ada: one', `${long}and on.`, 'Ada: two']);
    expect(world.botTexts('general')).toHaveLength(4);
  });

  it('ends the answer that a "stop" replies to, in whatever branch', async ({ worlds }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const one = ada.mention('general', 'one');
    (await world.modelAsked(1)).write('One.').end();
    await world.turnsDone(1);
    const first = await answer(world, one);
    const two = ada.say('general', 'two', { replyTo: first });
    const other = ben.say('general', 'other', { replyTo: first });
    const [a, b] = [await world.modelAsked(2), await world.modelAsked(3)];
    a.write('At length');
    b.write('At length');
    const [replyA, replyB] = [await answer(world, two), await answer(world, other)];
    const [toStop, toGoOn] = b.question === 'Ben: other' ? [b, a] : [a, b];
    ben.say('general', 'stop', { replyTo: replyB });
    await vi.waitFor(() => expect(toStop.request.signal.aborted).toBe(true));
    expect(toGoOn.request.signal.aborted).toBe(false);
    // The chain has gone on since, and still the order is one to the answer.
    ada.say('general', 'three', { replyTo: replyA });
    ada.say('general', `<@${fake.bot.id}> stop`, { replyTo: replyA });
    await vi.waitFor(() => expect(toGoOn.request.signal.aborted).toBe(true));
    const last = await world.modelAsked(4);
    expect(last.question).toBe('Ada: three');
    last.write('Three.').end();
    await world.turnsDone(4);
    expect(world.model.answers).toHaveLength(4);
  });

  it('goes on, and forks, after a restart, when nothing is remembered', async ({ worlds }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    // Two pages: whoever replies to one of them means all of it.
    const long = `${'word '.repeat(600)}end.`;
    world.answerEverything((question) =>
      question === 'Ada: two' ? long : `Answer to: ${question}`,
    );
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const { first } = await answeredOne(world);
    const two = ada.say('general', 'two', { replyTo: first });
    await world.turnsDone(2);
    expect(answers(world, two)).toHaveLength(2);
    const three = ada.say('general', 'three', { replyTo: await answer(world, two) });
    await world.turnsDone(3);
    await world.restart();
    world.answerEverything();
    const past = ['Ada: one', 'Answer to: Ada: one', 'Ada: two', long];
    ben.say('general', 'other', { replyTo: answers(world, two)[1]!.id });
    await world.turnsDone(4);
    expect(world.prompt).toEqual([...past, 'Ben: other']);
    ada.say('general', 'four', { replyTo: await answer(world, three) });
    await world.turnsDone(5);
    expect(world.prompt).toEqual([...past, 'Ada: three', 'Answer to: Ada: three', 'Ada: four']);
  });

  it('is read in Discord when all of it was forgotten', async ({ worlds }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    const { first } = await answeredAndForgotten(world);
    fake.person('Ada').say('general', 'two', { replyTo: first });
    await world.turnsDone(2);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ada: two']);
  });

  it('that Discord does not tell of begins anew, and deafens nobody', async ({ worlds }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    const { first } = await answeredAndForgotten(world);
    const path = '/channels/:channel/messages/:message';
    fake.faults.next('GET', path, { kind: 'page', status: 500 }, 1_000);
    const two = fake.person('Ben').say('general', 'two', { replyTo: first });
    const three = fake.person('Cem').mention('general', 'three');
    await fake.until(() => answers(world, three)[0], 20_000);
    await fake.until(() => answers(world, two)[0], 20_000);
    expect(answers(world, two)).toMatchObject([{ text: 'Answer to: Ben: two' }]);
    await world.turnsDone(3, 20_000);
  });

  it('begins with what a mention replies to, in threads and in the channel', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const said = fake.person('Ben').say('general', 'the sky is green');
    const reply = fake.person('Cem').say('general', 'no, blue', { replyTo: said });
    const question = fake.person('Ada').mention('general', 'who is right?', { replyTo: reply });
    await world.turnsDone(1);
    expect(world.prompt).toEqual(['Ben: the sky is green', 'Cem: no, blue', 'Ada: who is right?']);
    expect(world.replies(question)).toHaveLength(1);
    fake.person('Ada').mention('general', '', { replyTo: said });
    await world.turnsDone(2);
    expect(world.prompt).toEqual([
      'Ben: the sky is green',
      expect.stringContaining('what was said above'),
    ]);
  });

  it('begins with the question alone when what it replies to is gone', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const { first } = await answeredOne(world);
    fake.person('Ada').delete(fake.message(first));
    const said = fake.person('Ben').say('general', 'a slip');
    fake.person('Ben').delete(said);
    fake.person('Ada').mention('general', 'two', { replyTo: first });
    fake.person('Ada').mention('general', 'three', { replyTo: said });
    await world.turnsDone(3);
    expect(promptOf(world, 'Ada: two')).toEqual(['Ada: two']);
    expect(promptOf(world, 'Ada: three')).toEqual(['Ada: three']);
  });

  it('goes on beside a thread that somebody opened on the question', async ({ worlds }) => {
    const world = (await worlds.begin(inChannel)).answerEverything();
    const { fake } = world;
    const { one } = await answeredOne(world);
    const thread = fake.person('Ben').openThread(one, 'about it');
    fake.person('Ben').mention(thread, 'two');
    await world.turnsDone(2);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ben: two']);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ben: two']);
  });

  it('withdraws, or changes, a waiting question of the chain', async ({ worlds }) => {
    const world = await worlds.begin(inChannel);
    const { fake } = world;
    const ada = fake.person('Ada');
    const one = ada.mention('general', 'one');
    const writing = await world.modelAsked(1);
    writing.write('One');
    const first = await answer(world, one);
    const root = world.conversationOf(one);
    const two = ada.say('general', 'two', { replyTo: first });
    const texts = async () =>
      (await world.store.conversationView(root)).queued.map(({ text }) => text);
    await vi.waitFor(async () => expect(await texts()).toEqual(['two']));
    ada.edit(two, 'two, rather');
    await vi.waitFor(async () => expect(await texts()).toEqual(['two, rather']));
    ada.delete(two);
    await vi.waitFor(async () => expect(await texts()).toEqual([]));
    writing.end();
    await world.turnsDone(1);
    expect(world.model.answers).toHaveLength(1);
  });
});
