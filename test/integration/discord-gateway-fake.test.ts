import { Client, Events, GatewayIntentBits, Partials } from 'discord.js';
import type { ClientOptions, GatewayMessageCreateDispatchData } from 'discord.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import type { DiscordFakeOptions } from '../fakes/discord/options.ts';

const soon = { timeout: 10_000, interval: 5 };
const everything = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.DirectMessages,
  GatewayIntentBits.MessageContent,
];
const withoutContent = everything.filter((bit) => bit !== GatewayIntentBits.MessageContent);

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Identifying again is allowed at once, so that no test waits for Discord's 5 s. */
async function discord(options: DiscordFakeOptions = {}): Promise<DiscordFake> {
  const gateway = { identifyEveryMs: 0, ...options.gateway };
  const fake = await DiscordFake.start({ ...options, gateway });
  cleanups.push(() => fake.stop());
  return fake;
}

/** A real discord.js, which notes what it is told. */
function clientOf(fake: DiscordFake, options: Partial<ClientOptions> = {}) {
  const client = new Client({
    intents: everything,
    partials: [Partials.Channel],
    rest: { api: fake.apiUrl },
    // discord.js would wait up to 6.5 s between two identifies.
    ws: { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) },
    ...options,
  });
  cleanups.push(() => client.destroy());
  const heard: string[] = [];
  const raw: GatewayMessageCreateDispatchData[] = [];
  const life: string[] = [];
  client.on(Events.MessageCreate, ({ content }) => heard.push(content));
  client.ws.on('MESSAGE_CREATE' as never, (data: GatewayMessageCreateDispatchData) => {
    raw.push(data);
  });
  client.on(Events.ShardReady, () => life.push('ready'));
  client.on(Events.ShardResume, () => life.push('resumed'));
  client.on(Events.ShardReconnecting, () => life.push('reconnecting'));
  client.on(Events.ShardDisconnect, ({ code }) => life.push(`disconnected ${code}`));
  client.on(Events.ShardError, ({ message }) => life.push(`error: ${message}`));
  return { client, heard, raw, life };
}

async function connected(fake: DiscordFake, options: Partial<ClientOptions> = {}) {
  const it = clientOf(fake, options);
  const ready = new Promise((resolve) => void it.client.once(Events.ClientReady, resolve));
  await it.client.login(fake.token);
  await ready;
  return it;
}

/** A bare WebSocket, for what discord.js never does. */
function bare(fake: DiscordFake, query = '?v=10&encoding=json') {
  const socket = new WebSocket(`${fake.gateway.url}${query}`);
  cleanups.push(() => socket.terminate());
  const got: { op: number; d: unknown; t?: string | null; s?: number | null }[] = [];
  socket.on('message', (data: Buffer) => got.push(JSON.parse(data.toString())));
  const closed = new Promise<number>((resolve, reject) => {
    socket.on('close', resolve);
    socket.on('error', reject);
  });
  closed.catch(() => undefined);
  const opened = vi.waitFor(() => expect(got.map(({ op }) => op)).toContain(10), soon);
  opened.catch(() => undefined);
  const identity = { token: fake.token, properties: {}, intents: 1 };
  return {
    got,
    closed,
    say: async (payload: object | string) => {
      await opened;
      socket.send(typeof payload === 'string' ? payload : JSON.stringify(payload));
    },
    identity,
  };
}

describe('connecting', () => {
  test('tells who the bot is and what its guilds are', async () => {
    const fake = await discord();
    const { client, life } = await connected(fake);
    expect(client.user?.id).toBe(fake.bot.id);
    expect(client.guilds.cache.map(({ name }) => name)).toEqual(['Village']);
    const general = fake.channel('general').id;
    expect(client.channels.cache.get(general)).toMatchObject({ name: 'general' });
    expect(life).toEqual(['ready']);
    expect(fake.gateway.sessions).toBe(1);
    expect(fake.gateway.record.identifies).toMatchObject([{ outcome: 'ready', shard: [0, 1] }]);
  });

  test('acknowledges heartbeats, and asks for them', async () => {
    const fake = await discord();
    const { client } = await connected(fake);
    fake.gateway.requestHeartbeats();
    await vi.waitFor(() => expect(client.ws.ping).toBeGreaterThanOrEqual(0), soon);
    const [heartbeat] = fake.gateway.record.heartbeats;
    expect(heartbeat).toMatchObject({ acked: true, seq: 2 });
  });

  test.each([
    ['4004', 'Authentication failed'],
    ['4014', 'Used disallowed intents'],
    ['4013', 'Used invalid intents'],
  ])('refuses with %s', async (code, message) => {
    const fake = await discord({ messageContent: code !== '4014' });
    const intents = code === '4013' ? 1 << 30 : everything;
    const { client, life } = clientOf(fake, { intents });
    if (code === '4004') fake.gateway.token = 'another';
    // REST would refuse that token first.
    const { url, settings, sessionStartLimit } = fake.gateway;
    const way = { url, shards: settings.shards, session_start_limit: sessionStartLimit };
    client.rest.get = async () => way;
    await expect(client.login(fake.token)).rejects.toThrow(message);
    expect(life).toEqual([`disconnected ${code}`, `error: ${message}`]);
    expect(fake.gateway.record.identifies).toMatchObject([{ outcome: Number(code) }]);
  });

  test('splits guilds among shards, and leaves direct messages to the first', async () => {
    // Their ids, shifted by 22 bits, are even and odd.
    const even = (1_000_000_000_000n << 22n).toString();
    const odd = (1_000_000_000_001n << 22n).toString();
    const fake = await discord({
      guilds: [
        { name: 'Even', id: even, channels: [{ name: 'even' }] },
        { name: 'Odd', id: odd, channels: [{ name: 'odd' }] },
      ],
      gateway: { shards: 2 },
    });
    const { client } = await connected(fake, { shards: [0, 1], shardCount: 2 });
    const heard: string[] = [];
    client.on(Events.Raw, (payload: unknown, shard: number) => {
      const { t, d } = payload as { t: string; d: { content: string } };
      if (t === 'MESSAGE_CREATE') heard.push(`${shard}: ${d.content}`);
    });
    const ada = fake.person('Ada');
    ada.say('even', 'to even');
    ada.say('odd', 'to odd');
    ada.dm('to the bot');
    await vi.waitFor(() => expect(heard).toHaveLength(3), soon);
    expect(heard.toSorted()).toEqual(['0: to even', '0: to the bot', '1: to odd']);
    expect(client.guilds.cache.map(({ name, shardId }) => [name, shardId])).toEqual(
      expect.arrayContaining([
        ['Even', 0],
        ['Odd', 1],
      ]),
    );
  });

  test('lets no more sessions begin than a day has, and resets the token then', async () => {
    const fake = await discord({ gateway: { identifiesPerDay: 1 } });
    const { life } = await connected(fake);
    expect(fake.gateway.sessionStartLimit).toMatchObject({ total: 1, remaining: 0 });
    fake.gateway.invalidate({ resumable: false });
    await vi.waitFor(() => expect(life).toContain('disconnected 4004'), soon);
    expect(fake.gateway.token).not.toBe(fake.token);
  });
});

describe('events', () => {
  test('bring messages of guilds and direct ones, raw and made up', async () => {
    const fake = await discord();
    const { heard, raw } = await connected(fake);
    const ada = fake.person('Ada');
    ada.say('general', 'hello');
    ada.dm('just us');
    await vi.waitFor(() => expect(heard).toEqual(['hello', 'just us']), soon);
    expect(raw).toMatchObject([
      { content: 'hello', guild_id: fake.state.guild().id, author: { id: ada.id } },
      { content: 'just us', channel_id: ada.directChannel.id },
    ]);
    expect(raw[1]).not.toHaveProperty('guild_id');
  });

  test('come only with their intent', async () => {
    const fake = await discord();
    const { heard } = await connected(fake, {
      intents: [GatewayIntentBits.Guilds, GatewayIntentBits.DirectMessages],
    });
    const ada = fake.person('Ada');
    ada.say('general', 'nobody asked for this');
    ada.dm('for you');
    await vi.waitFor(() => expect(heard).toEqual(['for you']), soon);
  });

  test('hide the words of others without MessageContent, except where the bot is meant', async () => {
    const fake = await discord({ messageContent: false });
    const { heard, raw } = await connected(fake, { intents: withoutContent });
    const ada = fake.person('Ada');
    const secret = ada.say('general', 'not for bots', { attachments: [{ name: 'plan.pdf' }] });
    ada.mention('general', 'for you', { replyTo: secret });
    ada.dm('between us');
    await vi.waitFor(() => expect(heard).toHaveLength(3), soon);
    expect(heard).toEqual(['', `<@${fake.bot.id}> for you`, 'between us']);
    expect(raw[0]).toMatchObject({ content: '', attachments: [] });
    expect(raw[1]).toMatchObject({ referenced_message: { id: secret.id, content: '' } });
  });

  test('come twice, late, in another order, or unknown and broken, on demand', async () => {
    const fake = await discord();
    const { heard, raw } = await connected(fake);
    const ada = fake.person('Ada');
    const single = fake.gateway.events.duplicate();
    ada.say('general', 'twice');
    single();
    await vi.waitFor(() => expect(raw).toHaveLength(2), soon);
    expect(raw[0]?.id).toBe(raw[1]?.id);
    // discord.js tells of it once only as long as it has the message in its cache.
    expect(heard).toEqual(['twice']);

    const release = fake.gateway.events.hold();
    ada.say('general', 'first');
    ada.say('general', 'second');
    expect(fake.gateway.events.held).toHaveLength(2);
    release((events) => events.toReversed());
    await vi.waitFor(() => expect(raw).toHaveLength(4), soon);
    expect(heard.slice(-2)).toEqual(['second', 'first']);

    const onTime = fake.gateway.events.delay(({ d }) =>
      (d as { content?: string }).content === 'slow' ? 50 : 0,
    );
    ada.say('general', 'slow');
    ada.say('general', 'quick');
    onTime();
    await vi.waitFor(() => expect(raw).toHaveLength(6), soon);
    expect(heard.slice(-2)).toEqual(['quick', 'slow']);

    fake.gateway.sendText('{"op":0,"t":"MESSAGE_CRE');
    fake.gateway.dispatch('NEVER_HEARD_OF', { anything: true });
    fake.gateway.dispatch('MESSAGE_CREATE', {}, { guildId: fake.state.guild().id });
    ada.say('general', 'still here');
    await vi.waitFor(() => expect(heard.at(-1)).toBe('still here'), soon);
  });
});

describe('losing the connection', () => {
  test.each(['broken off', 'closed', 'asked to reconnect'])(
    '%s, it is resumed and what was missed comes again',
    async (how) => {
      const fake = await discord();
      const { heard, life } = await connected(fake);
      const ada = fake.person('Ada');
      ada.say('general', 'before');
      await vi.waitFor(() => expect(heard).toEqual(['before']), soon);
      if (how === 'asked to reconnect') fake.gateway.requestReconnect();
      else fake.gateway.drop(how === 'closed' ? 4000 : undefined);
      await vi.waitFor(() => expect(fake.gateway.sessions).toBe(0), soon);
      ada.say('general', 'meanwhile');
      ada.dm('and this');
      await vi.waitFor(() => expect(heard).toEqual(['before', 'meanwhile', 'and this']), soon);
      await vi.waitFor(() => expect(life).toEqual(['ready', 'reconnecting', 'resumed']), soon);
      expect(fake.gateway.record.resumes).toMatchObject([{ outcome: 'resumed', replayed: 2 }]);
      expect(fake.gateway.record.identifies).toHaveLength(1);
    },
  );

  test('refused when it comes back, discord.js identifies anew, and what was missed is lost', async () => {
    const fake = await discord();
    const { heard, life } = await connected(fake);
    const ada = fake.person('Ada');
    const admit = fake.gateway.refuse('reset');
    fake.gateway.drop();
    await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(0), soon);
    ada.say('general', 'lost');
    admit();
    await vi.waitFor(() => expect(fake.gateway.record.identifies).toHaveLength(2), soon);
    await vi.waitFor(() => expect(life.filter((it) => it === 'ready')).toHaveLength(2), soon);
    ada.say('general', 'after');
    await vi.waitFor(() => expect(heard).toEqual(['after']), soon);
    expect(fake.gateway.record.resumes).toEqual([]);
  });

  test('turned away with HTTP 503, discord.js keeps its session and resumes', async () => {
    const fake = await discord();
    const { heard, life } = await connected(fake);
    const admit = fake.gateway.refuse('status');
    fake.gateway.drop();
    await vi.waitFor(() => expect(fake.gateway.record.refused).toBeGreaterThan(0), soon);
    fake.person('Ada').say('general', 'kept');
    admit();
    await vi.waitFor(() => expect(life).toContain('resumed'), soon);
    expect(heard).toEqual(['kept']);
    expect(fake.gateway.record.identifies).toHaveLength(1);
  });

  test.each([
    ['after its time', { resumeWithinMs: 0 }],
    ['once it was given up', {}],
  ])('a session cannot be resumed %s', async (when, gateway) => {
    const fake = await discord({ gateway });
    const { heard, life } = await connected(fake);
    fake.gateway.drop();
    await vi.waitFor(() => expect(fake.gateway.sessions).toBe(0), soon);
    fake.person('Ada').say('general', 'lost');
    if (when === 'once it was given up') fake.gateway.expireSessions();
    await vi.waitFor(() => expect(life.filter((it) => it === 'ready')).toHaveLength(2), soon);
    expect(fake.gateway.record.resumes).toMatchObject([{ outcome: 'invalid' }]);
    fake.person('Ada').say('general', 'after');
    await vi.waitFor(() => expect(heard).toEqual(['after']), soon);
  });

  test('an invalid session is resumed on the spot, or begun anew', async () => {
    const fake = await discord();
    const { life } = await connected(fake);
    fake.gateway.invalidate({ resumable: true });
    await vi.waitFor(() => expect(life).toEqual(['ready', 'resumed']), soon);
    fake.gateway.invalidate({ resumable: false });
    const anew = ['ready', 'resumed', 'reconnecting', 'ready'];
    await vi.waitFor(() => expect(life).toEqual(anew), soon);
    expect(fake.gateway.record.identifies).toHaveLength(2);
  });

  test('a connection that went silent is found by its heartbeats, and resumed', async () => {
    const fake = await discord({ gateway: { heartbeatIntervalMs: 250 } });
    const { heard, life } = await connected(fake);
    fake.gateway.zombify();
    fake.person('Ada').say('general', 'into the void');
    await vi.waitFor(() => expect(life).toContain('resumed'), soon);
    expect(heard).toEqual(['into the void']);
    expect(fake.gateway.record.closes[0]).toMatchObject({ code: 4200, by: 'client' });
  });

  test('heartbeats that go unacknowledged make discord.js reconnect, though events still came', async () => {
    const fake = await discord({ gateway: { heartbeatIntervalMs: 250 } });
    const { heard, life } = await connected(fake);
    const acknowledge = fake.gateway.swallowAcks();
    fake.person('Ada').say('general', 'heard');
    await vi.waitFor(() => expect(heard).toEqual(['heard']), soon);
    await vi.waitFor(() => expect(life).toContain('reconnecting'), soon);
    acknowledge();
    await vi.waitFor(() => expect(life).toContain('resumed'), soon);
    expect(fake.gateway.record.heartbeats.some(({ acked }) => !acked)).toBe(true);
  });

  test.each([4004, 4011, 4013, 4014])('closed with %d, discord.js gives up', async (code) => {
    const fake = await discord();
    const { client, life } = await connected(fake);
    fake.gateway.drop(code);
    await vi.waitFor(() => expect(life).toContain(`disconnected ${code}`), soon);
    // Nothing tells from the client itself that it is deaf for good.
    expect(client.isReady()).toBe(true);
    expect(life).not.toContain('reconnecting');
    expect(fake.gateway.sessions).toBe(0);
  });

  test('a client that says goodbye ends its session', async () => {
    const fake = await discord();
    const { client } = await connected(fake);
    await client.destroy();
    await vi.waitFor(() => expect(fake.gateway.sessions).toBe(0), soon);
    fake.person('Ada').say('general', 'is anybody there?');
    expect(fake.gateway.record.closes).toMatchObject([{ code: 1000, by: 'client' }]);
    expect(fake.gateway.record.events.at(-1)).toMatchObject({ t: 'MESSAGE_CREATE', sessions: 0 });
  });
});

describe('rules of talking', () => {
  test.each([
    ['?v=9&encoding=json', 4012],
    ['?v=10&encoding=etf', 4002],
  ])('%s is closed with %d', async (query, code) => {
    const fake = await discord();
    await expect(bare(fake, query).closed).resolves.toBe(code);
  });

  test('another path is no gateway', async () => {
    const fake = await discord();
    await expect(bare(fake, '/other?v=10').closed).rejects.toThrow('404');
  });

  test.each([
    ['no JSON', '{', 4002],
    ['larger than 4,096 bytes', JSON.stringify({ op: 1, d: 'x'.repeat(4_096) }), 4002],
    ['an opcode that does not exist', { op: 99 }, 4001],
    ['a presence before an identify', { op: 3, d: {} }, 4003],
    ['an identify without properties', { op: 2, d: { token: 'x', intents: 1 } }, 4002],
    ['a resume with another token', { op: 6, d: { token: 'x', session_id: 'y', seq: 1 } }, 4004],
  ])('%s is closed', async (_, payload, code) => {
    const fake = await discord();
    const { say, closed } = bare(fake);
    await say(payload);
    await expect(closed).resolves.toBe(code);
  });

  test('one identify is enough, and a shard must exist', async () => {
    const fake = await discord();
    const twice = bare(fake);
    await twice.say({ op: 2, d: twice.identity });
    await twice.say({ op: 2, d: twice.identity });
    await expect(twice.closed).resolves.toBe(4005);
    const astray = bare(fake);
    await astray.say({ op: 2, d: { ...astray.identity, shard: [1, 1] } });
    await expect(astray.closed).resolves.toBe(4010);
  });

  test('a number that never was cannot be resumed from', async () => {
    const fake = await discord();
    const first = bare(fake);
    await first.say({ op: 2, d: first.identity });
    const id = await vi.waitFor(() => fake.gateway.record.identifies[0]!.session!, soon);
    const second = bare(fake);
    await second.say({ op: 6, d: { token: fake.token, session_id: id, seq: 99 } });
    await expect(second.closed).resolves.toBe(4007);
  });

  test('two identifies in 5 s are one too many', async () => {
    const fake = await discord({ gateway: { identifyEveryMs: 5_000 } });
    const [first, second] = [bare(fake), bare(fake)];
    await first.say({ op: 2, d: first.identity });
    await vi.waitFor(() => expect(first.got.map(({ t }) => t)).toContain('READY'), soon);
    await second.say({ op: 2, d: second.identity });
    await vi.waitFor(() => expect(second.got.at(-1)).toMatchObject({ op: 9, d: false }), soon);
  });

  test('more than 120 payloads in a minute are too many', async () => {
    const fake = await discord();
    const { say, closed } = bare(fake);
    for (let sent = 0; sent < 121; sent += 1) await say({ op: 1, d: null });
    await expect(closed).resolves.toBe(4008);
    expect(fake.gateway.record.heartbeats).toHaveLength(120);
  });

  test('accepts a presence, and answers a request for members', async () => {
    const fake = await discord();
    const { say, got, identity } = bare(fake);
    await say({ op: 2, d: { ...identity, compress: true } });
    await say({ op: 3, d: { status: 'online' } });
    await say({ op: 8, d: { guild_id: fake.state.guild().id, query: '', limit: 0, nonce: 'n' } });
    const chunk = { t: 'GUILD_MEMBERS_CHUNK', d: { nonce: 'n', chunk_count: 1 } };
    await vi.waitFor(() => expect(got.at(-1)).toMatchObject(chunk), soon);
  });
});
