import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import { BadConfiguration } from '../../src/core/domain/errors.ts';
import type { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { type DiscordWorld, itInWorlds as it } from '../worlds/discord-world.ts';

const soon = { timeout: 10_000, interval: 10 };

/** The client library connects again half a second after a failure, if it does. */
const reconnectMs = 600;

/** Somebody asks, and gets one answer. */
async function answersOnce(world: DiscordWorld, text: string): Promise<void> {
  const done = world.logged('turn done').length;
  const question = world.fake.person('Ada').mention('general', text);
  await world.turnsDone(done + 1);
  expect(world.replies(question)).toEqual([`Answer to: Ada: ${text}`]);
}

/** Resolves once Discord counts so many sessions. */
function sessions(fake: DiscordFake, count: number): Promise<void> {
  return vi.waitFor(() => expect(fake.gateway.sessions).toBe(count), soon);
}

describe.concurrent('a connection that breaks', () => {
  it.for(['broken off', 'closed', 'asked to reconnect'])(
    '%s in the middle of a reply, is resumed: nothing missing, nothing twice',
    async (how, { worlds }) => {
      const world = await worlds.begin();
      const { fake, model } = world;
      const question = fake.person('Ada').mention('general', 'one');
      const writing = await world.modelAsked(1);
      writing.write('Before');
      await fake.until(() => world.replies(question)[0] === 'Before');
      if (how === 'asked to reconnect') fake.gateway.requestReconnect();
      else fake.gateway.drop(how === 'closed' ? 4000 : undefined);
      await sessions(fake, 0);
      const meanwhile = fake.person('Ben').mention('general', 'two');
      model.onRequest = (next) => next.write('Two.').end();
      writing.write(', meanwhile');
      await fake.until(() => world.replies(question)[0] === 'Before, meanwhile');
      await vi.waitFor(() => expect(fake.gateway.record.resumes).toHaveLength(1), soon);
      writing.write(', after.').end();
      await world.turnsDone(2);
      expect(world.replies(question)).toEqual(['Before, meanwhile, after.']);
      expect(world.replies(meanwhile)).toEqual(['Two.']);
      expect(fake.gateway.record.identifies).toHaveLength(1);
      expect(model.answers).toHaveLength(2);
    },
  );

  it('is found by its heartbeats when it only looks alive, and resumed', async ({ worlds }) => {
    const world = (
      await worlds.begin({ fake: { gateway: { heartbeatIntervalMs: 100 } } })
    ).answerEverything();
    const { fake } = world;
    fake.gateway.zombify();
    await answersOnce(world, 'into the void');
    expect(fake.gateway.record.resumes).toHaveLength(1);
  });

  it.for(['reset', 'status'] as const)(
    'comes back when it was refused for a while (%s), though the API hangs, too',
    async (how, { worlds }) => {
      const world = (await worlds.begin()).answerEverything();
      const { fake } = world;
      const mend = fake.faults.next('GET', '/gateway/bot', { kind: 'hang' }, 1_000);
      const admit = fake.gateway.refuse(how);
      fake.gateway.drop();
      await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(2), soon);
      admit();
      await sessions(fake, 1);
      await answersOnce(world, 'still there?');
      mend();
      expect(world.fatal).toEqual([]);
    },
  );

  it('leaves the line when it breaks while it waits to identify', async ({ worlds }) => {
    const world = (await worlds.begin({ platform: { identifyEveryMs: 1_500 } })).answerEverything();
    const { fake } = world;
    fake.gateway.invalidate({ resumable: false });
    await vi.waitFor(() => expect(fake.gateway.record.closes).toHaveLength(1), soon);
    // It has come back, and has not been let to identify yet.
    await pause(reconnectMs);
    fake.gateway.drop();
    await sessions(fake, 1);
    await answersOnce(world, 'still there?');
    expect(fake.gateway.record.identifies).toHaveLength(2);
  });

  it('ends the process, with a clear line, when nothing is heard for long', async ({ worlds }) => {
    const world = await worlds.begin({
      platform: { silenceMs: 500 },
      fake: { gateway: { heartbeatIntervalMs: 100_000 } },
    });
    world.fake.gateway.zombify({ deaf: true });
    await vi.waitFor(() => expect(world.fatal).toHaveLength(1), soon);
    expect(world.fatal[0]?.message).toMatch(/^nothing was heard of Discord for \d+ s$/);
  });

  it('ends the process when one shard of several is deaf', async ({ worlds }) => {
    const world = await worlds.begin({
      platform: { silenceMs: 1_500 },
      fake: { gateway: { shards: 2, maxConcurrency: 2, heartbeatIntervalMs: 100 } },
    });
    const { fake } = world;
    const { heartbeats } = fake.gateway.record;
    await vi.waitFor(() => expect(heartbeats.length).toBeGreaterThan(40), soon);
    expect(world.fatal).toEqual([]);
    const admit = fake.gateway.refuse('hang');
    fake.gateway.zombify({ deaf: true, shard: 1 });
    await vi.waitFor(() => expect(world.fatal).toHaveLength(1), soon);
    expect(world.fatal[0]?.message).toMatch(/^nothing was heard of Discord/);
    admit();
  });

  it('lives on in quiet servers, as long as heartbeats are answered', async ({ worlds }) => {
    const world = await worlds.begin({
      platform: { silenceMs: 2_500 },
      fake: { gateway: { heartbeatIntervalMs: 100 } },
    });
    const { heartbeats } = world.fake.gateway.record;
    const [first] = await vi.waitUntil(() => heartbeats.length > 0 && heartbeats, soon);
    await vi.waitFor(() => expect(heartbeats.at(-1)!.at - first!.at).toBeGreaterThan(3_500), soon);
    expect(world.fatal).toEqual([]);
  });

  it('is one of several, where Discord wants shards', async ({ worlds }) => {
    const guilds = ['One', 'Two', 'Three'].map((name, at) => ({
      name,
      id: String((BigInt(at + 1) << 22n) + (1n << 60n)),
      channels: [{ name: `in-${name}` }],
    }));
    const gateway = { shards: 2, maxConcurrency: 2 };
    const world = (await worlds.begin({ fake: { guilds, gateway } })).answerEverything();
    const { fake } = world;
    const questions = guilds.map(({ name }) => fake.person('Ada').mention(`in-${name}`, name));
    fake.person('Ada').dm('just us');
    await world.turnsDone(4);
    for (const question of questions) expect(world.replies(question)).toHaveLength(1);
    expect(fake.gateway.record.identifies.map(({ shard }) => shard)).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });
});

describe.concurrent('events', () => {
  it('that come twice are answered once', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    fake.gateway.events.duplicate();
    const one = fake.person('Ada').mention('general', 'one');
    fake.person('Ada').dm('two');
    await world.turnsDone(2);
    fake.person('Ben').say(fake.thread(one)!, 'three');
    await world.turnsDone(3);
    expect(world.replies(one)).toEqual(['Answer to: Ada: one', 'Answer to: Ben: three']);
    expect(world.model.answers).toHaveLength(3);
  });

  it('that come in another order are each answered once', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const release = fake.gateway.events.hold();
    const ada = fake.person('Ada');
    const one = ada.mention('general', 'one');
    const thread = ada.openThread('projects', 'a thread');
    ada.mention(thread, 'two');
    const slip = ada.dm('a slip');
    ada.delete(slip);
    ada.dm('three');
    release((events) => events.toReversed());
    await world.turnsDone(3);
    expect(world.replies(one)).toEqual(['Answer to: Ada: one']);
    expect(world.botTexts(thread)).toEqual(['Answer to: Ada: two']);
    expect(world.botTexts(ada.directChannel)).toEqual(['Answer to: Ada: three']);
  });

  it('that are damaged, or new, harm nothing', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { gateway } = world.fake;
    gateway.sendText('{"op":0,"t":"MESSAGE_CRE');
    const guildId = world.fake.state.guild().id;
    gateway.dispatch('NEVER_HEARD_OF', { anything: true });
    for (const event of ['MESSAGE_UPDATE', 'MESSAGE_DELETE', 'MESSAGE_DELETE_BULK']) {
      gateway.dispatch(event, { guild_id: guildId }, { guildId });
    }
    gateway.dispatch('MESSAGE_CREATE', {}, { guildId });
    await answersOnce(world, 'still there?');
  });

  it('that are odd in any field end nothing, and hide no question', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const { gateway } = fake;
    const guildId = fake.state.guild().id;
    const channel_id = fake.channel('projects').id;
    const { id } = fake.person('Ada');
    const author = { id, username: 'ada', global_name: 'Ada' };
    const message = {
      channel_id,
      guild_id: guildId,
      type: 0,
      author,
      content: 'odd',
      mentions: [],
    };
    const odd: readonly object[] = [
      { author: null },
      { mentions: [null] },
      { attachments: [null] },
      { embeds: null },
      { sticker_items: [null] },
      { message_snapshots: [null] },
      { message_snapshots: 'x' },
      { components: [{ type: 999 }, null] },
      { interaction: {}, interaction_metadata: {} },
      { type: 19, message_reference: null, referenced_message: {} },
      { type: 19, message_reference: { message_id: 'x' }, referenced_message: { author: null } },
      { role_subscription_data: null },
      { reactions: [{}] },
      { poll: { question: null, answers: null } },
    ];
    for (const fields of odd) {
      const payload = { ...message, id: fake.state.snowflakes.next(), ...fields };
      gateway.dispatch('MESSAGE_CREATE', payload, { guildId });
      const edited = { ...payload, edited_timestamp: new Date().toISOString() };
      gateway.dispatch('MESSAGE_UPDATE', edited, { guildId });
    }
    const nothing = null as unknown as object;
    const damaged = { id: guildId, roles: [null], channels: [null, { id: 'x' }], members: 7 };
    for (const [type, payload] of [
      ['MESSAGE_CREATE', nothing],
      ['GUILD_CREATE', nothing],
      ['GUILD_CREATE', {}],
      ['GUILD_CREATE', { ...damaged, id: '123456789012345679' }],
      ['GUILD_DELETE', nothing],
      ['GUILD_ROLE_UPDATE', {}],
      ['GUILD_ROLE_UPDATE', { guild_id: guildId, role: null }],
      ['GUILD_MEMBER_UPDATE', { guild_id: guildId, user: null }],
      ['CHANNEL_CREATE', { id: '123456789012345670', type: 99, guild_id: guildId }],
      ['CHANNEL_UPDATE', { id: channel_id, guild_id: guildId, permission_overwrites: [null] }],
      ['THREAD_LIST_SYNC', {}],
      ['THREAD_CREATE', nothing],
      ['USER_UPDATE', {}],
      ['error', {}],
    ] as const) {
      gateway.dispatch(type, payload, { guildId });
    }
    await answersOnce(world, 'still there?');
    expect(world.model.answers).toHaveLength(1);
  });
});

describe.concurrent('a start', () => {
  it('prints the link that invites the bot', async ({ worlds }) => {
    const world = await worlds.begin();
    expect(world.logged('Discord: invite the bot with this link')).toEqual([
      {
        invite: `https://discord.com/oauth2/authorize?client_id=${world.fake.bot.id}&scope=bot&permissions=309237713920`,
      },
    ]);
  });

  it('with a token that Discord does not take ends with what to do', async ({ worlds }) => {
    const world = await worlds.prepare({ platform: { token: 'MTIz.wrong.token' } });
    const error: unknown = await world.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BadConfiguration);
    expect(String(error)).toMatch(/DISCORD_BOT_TOKEN.*"Reset Token" under "Bot"/);
    expect(String(error)).not.toContain('wrong');
  });

  it('at an address that is not Discord’s ends with the setting to mend', async ({ worlds }) => {
    for (const status of [404, 'refused'] as const) {
      const world = await worlds.prepare();
      world.fake.faults.next(
        'GET',
        '/users/@me',
        status === 404 ? { kind: 'page', status } : { kind: 'refused', code: 0, status: 404 },
      );
      const error: unknown = await world.start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(BadConfiguration);
      expect(String(error)).toMatch(/DISCORD_API_URL.*up to "\/api"/);
    }
  });

  it('without the intent ends with the switch to turn on', async ({ worlds }) => {
    const world = await worlds.prepare({ fake: { messageContent: false } });
    const error: unknown = await world.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BadConfiguration);
    expect(String(error)).toContain('"Message Content Intent" under "Privileged Gateway Intents"');
    expect(String(error)).toContain(
      `https://discord.com/developers/applications/${world.fake.bot.id}/bot`,
    );
    expect(world.fake.gateway.record.identifies).toEqual([]);
  });

  it.for(['intent', 'token'] as const)(
    'ends with what to do when only the gateway refuses the %s',
    async (what, { worlds }) => {
      const world = await worlds.prepare();
      const { fake } = world;
      fake.faults.next('GET', '/gateway/bot', { kind: 'slow', ms: 100 });
      const started = world.start().catch((reason: unknown) => reason);
      await fake.until(() => fake.callsOf('GET', '/gateway/bot').length === 1);
      if (what === 'intent') fake.admin.setMessageContent(false);
      else fake.gateway.token = 'another';
      const error = await started;
      expect(error).toBeInstanceOf(BadConfiguration);
      expect(String(error)).toContain(what === 'intent' ? 'Message Content Intent' : 'Reset Token');
      expect(world.fatal).toEqual([]);
    },
  );

  it('goes on in the background while Discord is away, and then answers', async ({ worlds }) => {
    const world = await worlds.prepare({ platform: { startPatienceMs: 50 } });
    const { fake } = world;
    world.answerEverything();
    const mend = fake.faults.next('*', '*', { kind: 'reset' }, 1_000);
    await world.start();
    expect(world.logged('Discord does not answer; still trying')).toHaveLength(1);
    mend();
    await sessions(fake, 1);
    await answersOnce(world, 'back?');
  });

  it.for(['reset', 'status'] as const)(
    'goes on in the background while the gateway lets nobody in (%s), and then answers',
    async (how, { worlds }) => {
      const world = await worlds.prepare({ platform: { startPatienceMs: 50 } });
      const { fake } = world;
      world.answerEverything();
      const admit = fake.gateway.refuse(how);
      await world.start();
      await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(0), soon);
      admit();
      await sessions(fake, 1);
      await answersOnce(world, 'back?');
    },
  );

  it('in the background ends the process when it turns out that the token is wrong', async ({
    worlds,
  }) => {
    const world = await worlds.prepare({ platform: { startPatienceMs: 50, token: 'MTIz.x.y' } });
    const mend = world.fake.faults.next('*', '*', { kind: 'page', status: 502 }, 1_000);
    await world.start();
    expect(world.fatal).toEqual([]);
    mend();
    await vi.waitFor(() => expect(world.fatal[0]).toBeInstanceOf(BadConfiguration), soon);
  });
});

describe.concurrent('later', () => {
  it.for([
    [4004, 'Reset Token'],
    [4014, 'Message Content Intent'],
    [4013, 'code 4013'],
  ] as const)('a close with %d ends the process', async ([code, words], { worlds }) => {
    const world = await worlds.begin();
    world.fake.gateway.drop(code);
    await vi.waitFor(() => expect(world.fatal[0]?.message).toContain(words), soon);
    expect(world.fatal[0] instanceof BadConfiguration).toBe(code !== 4013);
  });

  it('a token that was reset ends the process, and loses nothing', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const token = fake.gateway.token;
    const question = fake.person('Ada').mention('general', 'one');
    const writing = await world.modelAsked(1);
    writing.write('So far');
    await fake.until(() => world.replies(question)[0] === 'So far');
    fake.gateway.token = 'another';
    writing.write(' and on').end();
    await vi.waitFor(() => expect(world.fatal[0]?.message).toContain('Reset Token'), soon);
    await world.stop();
    fake.gateway.token = token;
    await world.start();
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual(['So far and on']);
  });
});

describe.concurrent('a stop', () => {
  it.for(['reset', 'status', 'hang', 'silence'] as const)(
    'while it connects (%s) is quick, and nothing connects afterwards',
    async (how, { worlds }) => {
      const world = await worlds.prepare({ platform: { startPatienceMs: 20 } });
      const { fake } = world;
      const admit = fake.gateway.refuse(how);
      await world.start();
      await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(0), soon);
      await world.stop();
      admit();
      await pause(reconnectMs);
      expect(fake.gateway.record.identifies).toEqual([]);
    },
  );

  it('between two tries is for good', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const admit = fake.gateway.refuse('reset');
    fake.gateway.drop();
    await vi.waitFor(() => expect(fake.gateway.record.refused).toBe(1), soon);
    await world.stop();
    admit();
    await pause(reconnectMs);
    expect(fake.gateway.sessions).toBe(0);
    expect(fake.gateway.record.identifies).toHaveLength(1);
  });

  it('says goodbye, and does not wait for who is deaf', { timeout: 20_000 }, async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    await world.stop();
    expect(fake.gateway.record.closes).toMatchObject([{ code: 1000, by: 'client' }]);
    await world.start();
    await sessions(fake, 1);
    fake.gateway.zombify({ deaf: true });
    await world.stop();
    expect(fake.gateway.record.identifies).toHaveLength(2);
  });

  it.for(['/users/@me', '/gateway/bot', '/channels/:channel/messages', '/channels/:channel'])(
    'does not wait for Discord, whatever hangs: %s',
    async (path, { worlds }) => {
      const world = (await worlds.begin({ platform: { startPatienceMs: 50 } })).answerEverything();
      const { fake } = world;
      await sessions(fake, 1);
      await answersOnce(world, 'one');
      await world.stop();
      fake.person('Ada').mention('general', 'two');
      fake.faults.next('GET', path, { kind: 'hang' }, 1_000);
      await world.start();
      if (path === '/channels/:channel') {
        await sessions(fake, 1);
        fake.gateway.dispatch('MESSAGE_CREATE', strange(fake), { guildId: fake.state.guild().id });
      }
      const hanging = () => fake.calls.filter(({ injected, aborted }) => injected && !aborted);
      await fake.until(() => hanging().length > 0);
      const stopped = vi.fn<() => void>();
      const stopping = world.stop().then(stopped);
      // The stop ends the call, or leaves it alone, long before it is given up for its time.
      await vi.waitFor(
        () => expect(stopped.mock.calls.length > 0 || hanging().length === 0).toBe(true),
        { timeout: 2_000, interval: 5 },
      );
      await stopping;
    },
  );
});

/** A message in a channel that nobody has told of. */
function strange({ bot, state }: DiscordFake): object {
  const author = { id: '100000000000000001', username: 'zoe' };
  const place = { channel_id: '100000000000000002', guild_id: state.guild().id };
  return { id: '100000000000000003', type: 0, content: `<@${bot.id}> hi`, author, ...place };
}
