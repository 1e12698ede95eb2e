import { describe, expect, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/domain/errors.ts';
import { beforeAccept, overrideStore } from '../fakes/overridden-store.ts';
import type { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { type DiscordWorld, itInWorlds as it } from '../worlds/discord-world.ts';

const minuteMs = 60_000;

/** Calls that read messages of these channels so far, by the channels' names. */
function reads({ fake }: DiscordWorld): string[] {
  return fake
    .callsOf('GET', '/channels/:channel/messages')
    .map(({ path }) => fake.channel(path.split('/')[2] ?? '').name);
}

/** The connection breaks, and nobody can come back until the returned function is called. */
async function cut(fake: DiscordFake): Promise<() => Promise<void>> {
  const { refused, identifies } = fake.gateway.record;
  const sessions = identifies.length;
  const admit = fake.gateway.refuse('reset');
  fake.gateway.drop();
  await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(refused));
  return async () => {
    admit();
    await vi.waitFor(() => expect(identifies.length).toBe(sessions + 1), { timeout: 5_000 });
  };
}

/** Resolves once what was missed has been read again so many times. */
async function readAgain(world: DiscordWorld, times = 1, timeout = 10_000): Promise<void> {
  const read = () => world.logged('discord read again');
  await vi.waitFor(() => expect(read()).toHaveLength(times), { timeout });
}

/** Ada is answered in a channel; then the process is down. */
async function answeredThenDown(world: DiscordWorld, channel = 'general'): Promise<void> {
  world.fake.person('Ada').mention(channel, 'one');
  await world.turnsDone(1);
  await world.stop();
}

describe.concurrent('what was said while the process was down', () => {
  it('is answered once: mentions, follow-ups, direct messages, in threads and posts made meanwhile', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const known = ada.mention('general', 'known');
    ada.dm('hello');
    await world.turnsDone(2);
    await world.stop();
    ben.say(fake.thread(known)!, 'a follow-up');
    const mention = ada.mention('general', 'a mention');
    ben.say('projects', 'not for the bot');
    ada.dm('a direct message');
    const channel = fake.admin.addChannel({ name: 'fresh' });
    const inFresh = ben.mention(channel, 'in a new channel');
    const thread = ben.openThread('projects', 'a new thread');
    ben.mention(thread, 'in a new thread');
    const { thread: post } = ada.forumPost('help', 'A post', `<@${fake.bot.id}> in a new post`);
    await world.start();
    await world.turnsDone(8);
    await readAgain(world, 2);
    expect(world.replies(known)).toEqual(['Answer to: Ada: known', 'Answer to: Ben: a follow-up']);
    expect(world.replies(mention)).toEqual(['Answer to: Ada: a mention']);
    expect(world.replies(inFresh)).toEqual(['Answer to: Ben: in a new channel']);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ben: in a new thread']);
    expect(world.botTexts(post)).toEqual(['Answer to: Ada: [post: A post]\n  in a new post']);
    expect(world.botTexts(ada.directChannel)).toEqual([
      'Answer to: Ada: hello',
      'Answer to: Ada: a direct message',
    ]);
    await world.restart();
    await readAgain(world, 3);
    expect(world.logged('turn done')).toHaveLength(8);
    expect(world.model.answers).toEqual([]);
  });

  it('is asked for only where something was said, and never where it may not be read', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    ada.say('general', 'said and heard');
    const gone = ada.say('projects', 'a slip');
    ada.mention('news', 'one');
    await world.turnsDone(1);
    await world.stop();
    const { length } = reads(world);
    ada.delete(gone);
    ada.pin(ada.say('general', 'to be kept'));
    ben.mention('hidden', 'a secret');
    await world.start();
    await readAgain(world);
    expect(reads(world).slice(length)).toEqual(['general']);
    await world.restart();
    world.answerEverything();
    ada.mention('news', 'two');
    await world.turnsDone(2);
    expect(reads(world).slice(length)).toEqual(['general']);
  });

  it('is answered in a thread from the archive that nobody had heard in', async ({ worlds }) => {
    const world = await worlds.prepare();
    const { fake } = world;
    const ada = fake.person('Ada');
    const thread = ada.openThread('general', 'long ago');
    ada.mention(thread, 'never answered: it was said before the first start');
    fake.admin.archive(thread);
    world.answerEverything();
    await world.start();
    await answeredThenDown(world);
    ada.mention(thread, 'do you remember?');
    await world.start();
    await world.turnsDone(2);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: do you remember?']);
  });

  it('is not hidden by what is said once it listens again', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    await answeredThenDown(world);
    const missed = ada.mention('general', 'missed');
    const path = '/channels/:channel/messages';
    const mend = fake.faults.next('GET', path, { kind: 'page', status: 503 }, 1_000);
    await world.start();
    const live = ada.mention('general', 'live');
    await world.turnsDone(2);
    // It stops before what was missed could be read.
    await world.stop();
    expect(world.replies(missed)).toEqual([]);
    mend();
    world.answerEverything();
    await world.start();
    await world.turnsDone(3);
    expect(world.replies(missed)).toEqual(['Answer to: Ada: missed']);
    expect(world.replies(live)).toHaveLength(1);
  });

  it('is known, though the process was killed before it marked how far it had read', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ mostOpen: 1 });
    const { fake } = world;
    await world.stop();
    world.wrapStore = overrideStore(() => ({ saveReadPositions: async () => undefined }));
    await world.start();
    const ada = fake.person('Ada');
    const answered = ada.mention('general', 'one');
    const writing = await world.modelAsked(1);
    const refused = ada.mention('general', 'one too many');
    await fake.until(() => world.botTexts('general').length === 1);
    writing.write('One.').end();
    await world.turnsDone(1);
    await world.restart();
    world.answerEverything();
    await readAgain(world);
    ada.mention('general', 'two');
    await world.turnsDone(2);
    expect(reads(world).toSorted()).toEqual(['general', 'one']);
    expect(world.replies(answered)).toEqual(['One.']);
    expect(fake.thread(refused)).toBeUndefined();
    expect(world.model.answers).toHaveLength(1);
  });

  it('is read once Discord can be read again', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    await answeredThenDown(world);
    const missed = fake.person('Ada').mention('general', 'missed');
    fake.faults.next('GET', '/channels/:channel/messages', { kind: 'reset' }, 6);
    await world.start();
    await world.turnsDone(2, 20_000);
    expect(world.logged('channel not read again')).toHaveLength(1);
    expect(world.replies(missed)).toEqual(['Answer to: Ada: missed']);
  });

  it('is left where it may not be read any more, and the rest is read', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.person('Ada').mention('general', 'one');
    fake.person('Ada').say('projects', 'here, too');
    await world.turnsDone(1);
    await world.stop();
    fake.person('Ada').mention('general', 'missed');
    const missed = fake.person('Ada').mention('projects', 'missed, too');
    fake.faults.next('GET', `/channels/${fake.channel('general').id}/messages`, {
      kind: 'refused',
      code: 50001,
    });
    await world.start();
    await world.turnsDone(2);
    expect(world.replies(missed)).toHaveLength(1);
  });

  it('is nobody’s question before the first start, in however old a server', async ({ worlds }) => {
    const world = await worlds.prepare();
    const { fake } = world;
    const ada = fake.person('Ada');
    ada.mention('general', 'of old');
    ada.mention(ada.openThread('general', 'old'), 'of old');
    ada.dm('of old');
    world.answerEverything();
    await world.start();
    const question = ada.mention('general', 'of today');
    await world.turnsDone(1);
    expect(world.model.answers).toHaveLength(1);
    expect(world.replies(question)).toEqual(['Answer to: Ada: of today']);
    expect(reads(world)).toEqual([]);
  });

  it('is left, and people are told, after an hour, and after a day not even read', async ({
    worlds,
  }) => {
    const world = await worlds.prepare();
    world.answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    const hours = (count: number) => ({ atMs: Date.now() - count * 60 * minuteMs });
    ada.mention('general', 'long ago', hours(40));
    await world.start();
    await world.stop();
    const yesterday = ada.mention('general', 'yesterday', hours(30));
    const today = ada.mention('general', 'today', hours(5));
    const justNow = ada.mention('general', 'just now');
    await world.start();
    await world.turnsDone(2);
    expect(fake.thread(yesterday)).toBeUndefined();
    expect(world.replies(today)[0]).toContain('5 hours ago');
    expect(world.replies(justNow)).toEqual(['Answer to: Ada: just now']);
  });

  it('is read at a pace, page after page, beside what others wrote', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    await answeredThenDown(world);
    for (let number = 0; number < 150; number += 1) ada.say('general', `n${number}`);
    const late = ada.mention('general', 'after 150 others');
    for (let number = 0; number < 620; number += 1) ada.say('projects', `n${number}`);
    const later = ada.mention('projects', 'after 620 others');
    await world.start();
    await world.turnsDone(3, 20_000);
    await readAgain(world);
    expect(world.replies(late)).toHaveLength(1);
    expect(world.replies(later)).toHaveLength(1);
    expect(reads(world).toSorted()).toEqual(['general', 'general', ...Array(7).fill('projects')]);
  });

  it('is read on at the next start where it was too much for one', async ({ worlds }) => {
    // Its pace is not looked at here.
    const world = (await worlds.begin({ fake: { limits: 'off' } })).answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    await answeredThenDown(world, 'projects');
    for (let number = 0; number < 5_050; number += 1) ada.say('projects', `n${number}`);
    const late = ada.mention('projects', 'after 5,050 others');
    await world.start();
    await readAgain(world, 1, 20_000);
    expect(fake.thread(late)).toBeUndefined();
    const warning = 'too many messages to read all of them again; the next start reads on';
    expect(world.logged(warning)).toHaveLength(1);
    const live = ada.mention('projects', 'live');
    await world.turnsDone(2);
    await world.restart();
    world.answerEverything();
    await world.turnsDone(3, 20_000);
    expect(world.replies(late)).toEqual(['Answer to: Ada: after 5,050 others']);
    expect(world.replies(live)).toHaveLength(1);
    expect(reads(world)).toHaveLength(51);
  });

  it('is nobody’s question from before the bot was invited again', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { ben, thread } = await world.firstTurn();
    fake.admin.removeBot();
    ben.say(thread, 'good that it is gone');
    fake.admin.inviteBot();
    ben.mention('general', 'welcome back');
    await world.turnsDone(2);
    await world.restart();
    world.answerEverything();
    ben.mention('general', 'and again');
    await world.turnsDone(3);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: one']);
    expect(world.logged('turn done')).toHaveLength(3);
  });

  it('is nobody’s question from when the bot might not see the channel', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { ada, ben, thread } = await world.firstTurn();
    fake.admin.deny('general', ['ViewChannel']);
    ben.say(thread, 'among us');
    ben.mention('general', 'just a test');
    fake.admin.allow('general', ['ViewChannel']);
    ada.mention('projects', 'two');
    await world.turnsDone(2);
    await world.stop();
    const missed = ada.mention('general', 'missed');
    await world.start();
    await world.turnsDone(3);
    await readAgain(world);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: one']);
    expect(world.replies(missed)).toEqual(['Answer to: Ada: missed']);
    expect(world.logged('turn done')).toHaveLength(3);
  });

  it('is nobody’s question from then either, though Discord’s clock is ahead', async ({
    worlds,
  }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { ada, ben } = await world.firstTurn();
    fake.admin.deny('general', ['ViewChannel']);
    const hidden = ben.mention('general', 'just a test', { atMs: Date.now() + 5_000 });
    fake.admin.allow('general', ['ViewChannel']);
    ada.mention('projects', 'two');
    await world.turnsDone(2);
    await world.stop();
    const missed = ada.mention('general', 'missed', { atMs: Date.now() + 10_000 });
    await world.start();
    await world.turnsDone(3);
    await readAgain(world);
    expect(world.replies(missed)).toEqual(['Answer to: Ada: missed']);
    expect(world.replies(hidden)).toEqual([]);
    expect(world.logged('turn done')).toHaveLength(3);
  });

  it('does not wait for a reply whose chain Discord does not tell', async ({ worlds }) => {
    const world = (await worlds.begin({ platform: { replyIn: 'channel' } })).answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    const one = ada.mention('general', 'one');
    ada.mention('projects', 'two');
    await world.turnsDone(2);
    await world.store.forgetConversation(world.conversationOf(one));
    await world.stop();
    const [answer] = world.botMessages('general');
    ada.say('general', 'and then?', { replyTo: answer!.id });
    ada.mention('projects', 'missed');
    const path = '/channels/:channel/messages/:message';
    fake.faults.next('GET', path, { kind: 'page', status: 500 }, 1_000);
    await world.start();
    await fake.until(() => world.botTexts('projects').includes('Answer to: Ada: missed'), 20_000);
    await fake.until(() => world.botTexts('general').includes('Answer to: Ada: and then?'), 20_000);
    await world.turnsDone(4, 20_000);
  });

  it('is taken in though the store is away for a moment, or until the next start', async ({
    worlds,
  }) => {
    const world = await worlds.prepare();
    let away = false;
    let refusals = 0;
    world.wrapStore = beforeAccept(({ text }) => {
      if (!away && refusals === 0) return;
      if (text.startsWith('live')) return;
      refusals = Math.max(0, refusals - 1);
      throw new StoreUnavailable('away', 'it is away');
    });
    world.answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    await world.start();
    ada.mention('general', 'live one');
    await world.turnsDone(1);
    refusals = 2;
    const moment = ada.mention('general', 'in a moment');
    await world.turnsDone(2);
    away = true;
    const lost = ada.mention('general', 'while it is away');
    const first = fake.person('Ben').dm('my first words');
    await vi.waitFor(() =>
      expect(world.logged('Discord event not stored yet').length).toBeGreaterThan(3),
    );
    await world.stop();
    await world.start();
    await vi.waitFor(() =>
      expect(world.logged('Discord event not stored yet').length).toBeGreaterThan(6),
    );
    await world.stop();
    away = false;
    await world.start();
    await world.turnsDone(4);
    expect(world.replies(moment)).toEqual(['Answer to: Ada: in a moment']);
    expect(world.replies(lost)).toEqual(['Answer to: Ada: while it is away']);
    expect(world.botTexts(fake.channel(first.channelId))).toEqual([
      'Answer to: Ben: my first words',
    ]);
  });
});

describe.concurrent('what cannot be stored before somebody mends the store', () => {
  it('is told to each who asks, once, and answered then', async ({ worlds }) => {
    const world = await worlds.prepare();
    let full = true;
    world.wrapStore = beforeAccept(() => {
      if (full) throw new StoreUnavailable('full', 'no room', { trouble: 'the disk is full' });
    });
    world.answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    await world.start();
    const first = ada.mention('general', 'one');
    const tried = () => world.logged('Discord event not stored yet').length;
    await vi.waitFor(() => expect(tried()).toBeGreaterThan(2));
    // What is said behind it in the same channel waits for its turn.
    ben.say('general', 'not for the bot');
    const second = ben.mention('general', 'two');
    const sentence =
      'I cannot take your question in: the disk is full. Whoever runs me has to mend that; if I have not answered by then, ask again.';
    await vi.waitFor(() => expect(world.botTexts('general')).toEqual([sentence, sentence]));
    full = false;
    await world.turnsDone(2);
    expect(world.botTexts('general')).toEqual([sentence, sentence]);
    expect(world.replies(first)).toEqual(['Answer to: Ada: one']);
    expect(world.replies(second)).toEqual(['Answer to: Ben: two']);
  });
});

describe.concurrent('what one shard of two missed', () => {
  const guilds = ['Zero', 'One'].map((name, at) => ({
    name,
    id: String((BigInt(at + 2) << 22n) + (1n << 60n)),
    channels: [{ name: `in-${name}` }, { name: `forum-${name}`, kind: 'forum' as const }],
  }));
  const gateway = { shards: 2, maxConcurrency: 1 };

  it('is answered though the other one hears something first, after a start', async ({
    worlds,
  }) => {
    const world = await worlds.begin({
      fake: { guilds, gateway },
      platform: { identifyEveryMs: 1_000, startPatienceMs: 20_000 },
    });
    const { fake } = world;
    world.answerEverything();
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    ada.mention('in-Zero', 'one');
    ada.mention('in-One', 'two');
    await world.turnsDone(2);
    await world.stop();
    const { thread } = ada.forumPost('forum-One', 'Help', `<@${fake.bot.id}> while you were away`);
    const starting = world.start();
    const { identifies } = fake.gateway.record;
    await vi.waitFor(() => expect(identifies).toHaveLength(3), { timeout: 10_000 });
    const live = ben.mention('in-Zero', 'before the other shard is there');
    await world.turnsDone(3);
    expect(identifies).toHaveLength(3);
    expect(world.replies(live)).toHaveLength(1);
    await starting;
    await world.turnsDone(4);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: [post: Help]\n  while you were away']);
  });

  it('is answered though the other one went on hearing', async ({ worlds }) => {
    const world = (await worlds.begin({ fake: { guilds, gateway } })).answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    ada.mention('in-Zero', 'one');
    ada.mention('in-One', 'two');
    await world.turnsDone(2);
    const release = fake.gateway.events.hold();
    const { thread } = ada.forumPost('forum-One', 'Help', `<@${fake.bot.id}> lost on the way`);
    ben.mention('in-Zero', 'heard');
    release((events) => events.filter(({ guildId }) => guildId === guilds[0]?.id));
    await world.turnsDone(3);
    fake.gateway.invalidate({ resumable: false });
    await world.turnsDone(4);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: [post: Help]\n  lost on the way']);
  });
});

describe.concurrent('what was said while no connection came about', () => {
  it('is answered once, live or read again', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const known = ada.mention('general', 'known');
    ada.dm('hello');
    await world.turnsDone(2);
    const admit = await cut(fake);
    ben.say(fake.thread(known)!, 'a follow-up');
    const mention = ben.mention('projects', 'a mention');
    ada.dm('a direct message');
    const thread = ben.openThread('general', 'meanwhile');
    ben.mention(thread, 'in it');
    await admit();
    const live = ada.mention('general', 'live');
    await world.turnsDone(7);
    await readAgain(world, 2);
    expect(world.replies(known)[1]).toBe('Answer to: Ben: a follow-up');
    expect(world.replies(mention)).toEqual(['Answer to: Ben: a mention']);
    expect(world.botTexts(ada.directChannel)[1]).toBe('Answer to: Ada: a direct message');
    expect(world.botTexts(thread)).toEqual(['Answer to: Ben: in it']);
    expect(world.replies(live)).toEqual(['Answer to: Ada: live']);
    expect(world.model.answers).toHaveLength(7);
    expect(fake.gateway.record.resumes).toEqual([]);
  });

  it('is answered when the session is invalid, or expired meanwhile', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.person('Ada').mention('general', 'one');
    await world.turnsDone(1);
    fake.gateway.drop();
    await vi.waitFor(() => expect(fake.gateway.sessions).toBe(0));
    const two = fake.person('Ada').mention('general', 'two');
    fake.gateway.expireSessions();
    await world.turnsDone(2);
    fake.gateway.invalidate({ resumable: false });
    await vi.waitFor(() => expect(fake.gateway.sessions).toBe(0));
    const three = fake.person('Ada').mention('general', 'three');
    await world.turnsDone(3);
    expect([...world.replies(two), ...world.replies(three)]).toEqual([
      'Answer to: Ada: two',
      'Answer to: Ada: three',
    ]);
  });
});
