import { setTimeout as pause } from 'node:timers/promises';
import { Client, DiscordAPIError, GatewayIntentBits, HTTPError, Partials, REST } from 'discord.js';
import type { Message as ClientMessage, RESTOptions } from 'discord.js';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../fakes/discord/channel.ts';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { readWithinMs } from '../fakes/discord/limits.ts';
import type { DiscordFakeOptions } from '../fakes/discord/options.ts';

type Json = Record<string, unknown>;

const message = '/channels/:channel/messages/:message';
const quiet = { allowed_mentions: { parse: [] }, flags: 4 };
/** Discord's shapes, in a hurry. */
const hastyPost = { kind: 'window', limit: 5, perMs: 200 } as const;

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function discord(options: DiscordFakeOptions = {}): Promise<DiscordFake> {
  const fake = await DiscordFake.start({ limits: 'off', ...options });
  cleanups.push(() => fake.stop());
  return fake;
}

function restOf(fake: DiscordFake, options: Partial<RESTOptions> = {}): REST {
  const rest = new REST({ api: fake.apiUrl, retries: 0, ...options }).setToken(fake.token);
  cleanups.push(() => {
    rest.clearHashSweeper();
    rest.clearHandlerSweeper();
  });
  return rest;
}

async function post(rest: REST, channel: Channel, body: Json): Promise<Json> {
  return (await rest.post(`/channels/${channel.id}/messages`, { body })) as Json;
}

async function edit(rest: REST, channel: Channel, id: unknown, body: Json): Promise<Json> {
  return (await rest.patch(`/channels/${channel.id}/messages/${String(id)}`, { body })) as Json;
}

async function list(rest: REST, channel: Channel, query: Record<string, string> = {}) {
  const options = { query: new URLSearchParams(query) };
  return (await rest.get(`/channels/${channel.id}/messages`, options)) as Json[];
}

/** Discord's HTTP status and code to a call; throws if it was no refusal. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof DiscordAPIError) return `${error.status} ${error.code}`;
    if (error instanceof HTTPError) return `${error.status}`;
    throw error;
  }
}

/** A call without discord.js's queue. */
async function raw(fake: DiscordFake, method: string, path: string, body?: unknown) {
  return fetch(`${fake.apiUrl}/v10${path}`, {
    method,
    headers: { authorization: `Bot ${fake.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

describe('messages', () => {
  test('a post and its edits are what people read, at each moment', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const posted = await post(rest, general, { content: 'one', ...quiet });
    await edit(rest, general, posted['id'], { content: 'one two', ...quiet });
    expect(fake.text('general')).toBe('Parley: one two');
    await rest.delete(`/channels/${general.id}/messages/${String(posted['id'])}`);
    expect(fake.text('general')).toBe('');
    const readings = fake.history(String(posted['id']));
    expect(readings.map(({ text }) => text)).toEqual(['one', 'one two', undefined]);
    const times = readings.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(posted).toMatchObject({ type: 0, channel_id: general.id, author: { bot: true } });
    expect(posted['id']).toMatch(/^\d{17,19}$/);
    const route = fake.callsOf('PATCH', message);
    expect(route).toMatchObject([{ status: 200, body: { content: 'one two' }, injected: false }]);
  });

  test('2,000 code points fit, one more does not; nothing to see is refused', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const { id } = await post(rest, general, { content: '😀'.repeat(2_000) });
    expect(await refusal(post(rest, general, { content: 'x'.repeat(2_001) }))).toBe('400 50035');
    expect(await refusal(edit(rest, general, id, { content: 'x'.repeat(2_001) }))).toBe(
      '400 50035',
    );
    expect(await refusal(post(rest, general, { content: ' \n ' }))).toBe('400 50006');
    expect(await refusal(edit(rest, general, id, { content: '' }))).toBe('400 50006');
    const answer = await raw(fake, 'POST', `/channels/${general.id}/messages`, {
      content: 'x'.repeat(2_001),
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const problem = { code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' };
    expect(await answer.json()).toEqual({
      message: 'Invalid Form Body',
      code: 50035,
      errors: { content: { _errors: [problem] } },
    });
  });

  test('an enforced nonce brings the first message again, and no second event', async () => {
    const fake = await discord({ nonceLastsMs: 60_000 });
    const rest = restOf(fake);
    const general = fake.channel('general');
    const body = { content: 'once', nonce: 'turn-1-page-0', enforce_nonce: true };
    const first = await post(rest, general, body);
    const again = await post(rest, general, body);
    expect(again['id']).toBe(first['id']);
    expect(again['nonce']).toBe('turn-1-page-0');
    expect(fake.messages('general')).toHaveLength(1);
    await post(rest, general, { ...body, enforce_nonce: false });
    expect(fake.messages('general')).toHaveLength(2);
    fake.settings.nonceLastsMs = 0;
    await post(rest, general, body);
    expect(fake.messages('general')).toHaveLength(3);
    const tooLong = { content: 'x', nonce: 'n'.repeat(26) };
    expect(await refusal(post(rest, general, tooLong))).toBe('400 50035');
  });

  test('reading never brings a nonce', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const { id } = await post(rest, general, { content: 'x', nonce: 'n1' });
    const one = (await rest.get(`/channels/${general.id}/messages/${String(id)}`)) as Json;
    const [listed] = await list(rest, general);
    expect(one).not.toHaveProperty('nonce');
    expect(listed).not.toHaveProperty('nonce');
  });

  test('a reply brings its parent along; one to a missing message fails, or is no reply', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const question = fake.person('Ada').mention('general', 'why?');
    const reference = { message_id: question.id };
    const reply = await post(rest, general, { content: 'so', message_reference: reference });
    expect(reply).toMatchObject({ type: 19, referenced_message: { id: question.id } });
    expect(fake.messages('general').at(-1)).toMatchObject({ replyTo: question.id });
    fake.person('Ada').delete(question);
    const [latest] = await list(rest, general, { limit: '1' });
    expect(latest).toMatchObject({ type: 19, referenced_message: null });
    const again = { content: 'x', message_reference: reference };
    expect(await refusal(post(rest, general, again))).toBe('400 50035');
    const soft = { ...reference, fail_if_not_exists: false };
    expect(await post(rest, general, { content: 'x', message_reference: soft })).toMatchObject({
      type: 0,
    });
  });

  test('lists are cut before, after and around an id, newest first', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const ada = fake.person('Ada');
    const ids = Array.from({ length: 9 }, (_, index) => ada.say('general', `m${index}`).id);
    const texts = async (query: Record<string, string>) =>
      (await list(rest, general, query)).map(({ content }) => content);
    expect(await texts({ limit: '2' })).toEqual(['m8', 'm7']);
    expect(await texts({ limit: '2', before: ids[5]! })).toEqual(['m4', 'm3']);
    expect(await texts({ limit: '2', after: ids[5]! })).toEqual(['m7', 'm6']);
    expect(await texts({ limit: '2', after: '0' })).toEqual(['m1', 'm0']);
    expect(await texts({ limit: '3', around: ids[5]! })).toEqual(['m6', 'm5', 'm4']);
    expect(await refusal(list(rest, general, { limit: '101' }))).toBe('400 50035');
    const old = ada.say('general', 'long ago', { atMs: Date.now() - 86_400_000 });
    expect(await texts({ limit: '1', before: ids[0]! })).toEqual(['long ago']);
    expect(general.lastMessageId).toBe(ids[8]);
    expect(old.id < ids[0]!).toBe(true);
  });

  test('messages of others, gone ones and much edited old ones cannot be edited', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const ada = fake.person('Ada');
    const theirs = ada.say('general', 'mine');
    const { id } = await post(rest, general, { content: 'x' });
    expect(await refusal(edit(rest, general, theirs.id, { content: 'y' }))).toBe('403 50005');
    fake.settings.oldEdits = { afterMs: 0, most: 2, perMs: 60_000 };
    await edit(rest, general, id, { content: 'x1' });
    await edit(rest, general, id, { content: 'x2' });
    const path = `/channels/${general.id}/messages/${String(id)}`;
    const answer = await raw(fake, 'PATCH', path, { content: 'x3' });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: 30046, retry_after: expect.any(Number) });
    ada.delete(fake.message(String(id)));
    expect(await refusal(edit(rest, general, id, { content: 'y' }))).toBe('404 10008');
  });
});

describe('pings and previews', () => {
  test('an edit is parsed anew: only allowed_mentions keeps people from being pinged', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const ada = fake.person('Ada');
    const role = fake.admin.addRole('helpers', { mentionable: true });
    const content = `@everyone <@${ada.id}> <@&${role.id}> hello`;
    const { id } = await post(rest, general, { content, ...quiet });
    expect(fake.pings).toEqual([]);
    await edit(rest, general, id, { content });
    const all = { everyone: true, users: [ada.id], roles: [role.id] };
    expect(fake.pings).toMatchObject([{ messageId: id, by: 'edit', ...all }]);
    await edit(rest, general, id, { content, allowed_mentions: { users: [ada.id] } });
    const some = { everyone: false, users: [ada.id], roles: [] };
    expect(fake.pings.at(-1)).toMatchObject(some);
  });

  test('a reply pings its addressee unless told otherwise', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const ada = fake.person('Ada');
    const reference = { message_id: ada.say('general', 'hi').id };
    const body = { content: 'x', message_reference: reference };
    await post(rest, general, { ...body, allowed_mentions: { parse: [] } });
    expect(fake.pings).toEqual([]);
    await post(rest, general, body);
    expect(fake.pings).toMatchObject([{ by: 'post', users: [ada.id] }]);
    const replied = { parse: [], replied_user: true };
    await post(rest, general, { ...body, allowed_mentions: replied });
    expect(fake.pings).toHaveLength(2);
  });

  test('allowed_mentions that contradict themselves are refused', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const both = { parse: ['users'], users: [fake.person('Ada').id] };
    for (const allowed of [both, { parse: ['people'] }, { users: ['Ada'] }]) {
      const sent = post(rest, general, { content: 'x', allowed_mentions: allowed });
      expect(await refusal(sent)).toBe('400 50035');
    }
  });

  test('addresses show previews unless they are suppressed', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const url = 'https://example.org/a';
    const { id } = await post(rest, general, { content: `see ${url}`, ...quiet });
    await edit(rest, general, id, { content: `now ${url}`, allowed_mentions: { parse: [] } });
    expect(fake.linkEmbeds).toEqual([]);
    await post(rest, general, { content: `<${url}>` });
    expect(fake.linkEmbeds).toEqual([]);
    await post(rest, general, { content: `see ${url}` });
    expect(fake.linkEmbeds).toMatchObject([{ channelId: general.id, url }]);
  });
});

describe('threads', () => {
  const threadPath = (channel: Channel, id: string) =>
    `/channels/${channel.id}/messages/${id}/threads` as const;

  test('a thread of a message has its id, once, and only in text and news', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const ada = fake.person('Ada');
    const question = ada.mention('general', 'why?');
    const path = threadPath(general, question.id);
    for (const name of ['', 'x'.repeat(101)]) {
      expect(await refusal(rest.post(path, { body: { name } }))).toBe('400 50035');
    }
    const thread = (await rest.post(path, { body: { name: 'Why' } })) as Json;
    expect(thread).toMatchObject({ id: question.id, type: 11, parent_id: general.id });
    expect(await refusal(rest.post(path, { body: { name: 'Why' } }))).toBe('400 160004');
    expect(fake.thread(question)?.name).toBe('Why');
    const [starter] = await list(rest, fake.thread(question)!);
    expect(starter).toMatchObject({ type: 21, referenced_message: { id: question.id } });
    const parent = (await rest.get(`/channels/${general.id}/messages/${question.id}`)) as Json;
    expect(parent).toMatchObject({ thread: { id: question.id }, flags: 32 });
    const lounge = fake.channel('lounge');
    const spoken = ada.say('lounge', 'hi');
    const inVoice = rest.post(threadPath(lounge, spoken.id), { body: { name: 'x' } });
    expect(await refusal(inVoice)).toBe('400 50024');
  });

  test('writing brings an archived thread back, editing there does not', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const thread = fake.person('Ada').openThread('general', 'plans');
    const { id } = await post(rest, thread, { content: 'x' });
    fake.admin.archive(thread);
    expect(await refusal(edit(rest, thread, id, { content: 'y' }))).toBe('400 50083');
    await rest.patch(`/channels/${thread.id}`, { body: { archived: false } });
    await edit(rest, thread, id, { content: 'y' });
    fake.admin.archive(thread);
    await post(rest, thread, { content: 'z' });
    expect(thread.thread?.archived).toBe(false);
    expect(fake.text(thread)).toBe('Parley: y\nParley: z');
  });

  test('a thread in which nobody writes is archived after its time', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const general = fake.channel('general');
    const said = fake.person('Ada').say('general', 'hi');
    await rest.post(threadPath(general, said.id), {
      body: { name: 'short', auto_archive_duration: 60 },
    });
    const thread = fake.thread('short')!;
    const soonMs = Date.now() + 59 * 60_000;
    fake.admin.archiveIdle(soonMs);
    expect(thread.thread?.archived).toBe(false);
    fake.admin.archiveIdle(soonMs + 2 * 60_000);
    expect(thread.thread?.archived).toBe(true);
  });

  test('a locked thread takes nothing, and only moderators open it', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const thread = fake.person('Ada').openThread('general', 'plans');
    const { id } = await post(rest, thread, { content: 'x' });
    fake.admin.lock(thread, { archived: true });
    const open = () => rest.patch(`/channels/${thread.id}`, { body: { archived: false } });
    expect(await refusal(open())).toBe('403 50013');
    expect(await refusal(post(rest, thread, { content: 'y' }))).toBe('403 50083');
    expect(await refusal(edit(rest, thread, id, { content: 'y' }))).toBe('400 50083');
    fake.admin.allow('general', ['ManageThreads']);
    expect(await refusal(open())).toBe('ok');
    expect(await refusal(edit(rest, thread, id, { content: 'y' }))).toBe('ok');
  });

  test('a forum post is a thread whose first message has its id', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const { thread, message: first } = fake.person('Ada').forumPost('help', 'Broken', 'it is');
    expect(first.id).toBe(thread.id);
    await post(rest, thread, { content: 'try again' });
    expect(fake.text('Broken')).toBe('Ada: it is\nParley: try again');
    const help = fake.channel('help');
    expect(await refusal(post(rest, help, { content: 'x' }))).toBe('400 50008');
    const { threads } = (await rest.get(`/guilds/${help.guildId}/threads/active`)) as Json;
    expect(threads).toMatchObject([{ id: thread.id, parent_id: help.id }]);
    fake.admin.archive(thread);
    const archived = (await rest.get(`/channels/${help.id}/threads/archived/public`)) as Json;
    expect(archived).toMatchObject({ threads: [{ id: thread.id }], has_more: false });
  });

  test('a guild holds only so many active threads', async () => {
    const fake = await discord({ mostActiveThreads: 1 });
    const rest = restOf(fake);
    const general = fake.channel('general');
    fake.person('Ada').openThread('general', 'first');
    const said = fake.person('Ada').say('general', 'second?');
    const opening = rest.post(threadPath(general, said.id), { body: { name: 'x' } });
    expect(await refusal(opening)).toBe('400 160006');
  });
});

describe('permissions', () => {
  test('what the bot lacks is refused, with what it lacks', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const hidden = fake.channel('hidden');
    const readOnly = fake.channel('read-only');
    const general = fake.channel('general');
    const question = fake.person('Ada').say('general', 'hi');
    expect(await refusal(rest.get(`/channels/${hidden.id}`))).toBe('403 50001');
    expect(await refusal(post(rest, hidden, { content: 'x' }))).toBe('403 50001');
    expect(await refusal(post(rest, readOnly, { content: 'x' }))).toBe('403 50013');
    expect(await refusal(rest.get('/channels/123456789012345678'))).toBe('404 10003');
    expect(await refusal(rest.get('/channels/general'))).toBe('400 50035');
    fake.admin.deny('general', ['ReadMessageHistory', 'CreatePublicThreads']);
    expect(await list(rest, general)).toEqual([]);
    const reference = { message_id: question.id };
    const reply = post(rest, general, { content: 'x', message_reference: reference });
    expect(await refusal(reply)).toBe('400 160002');
    const path = `/channels/${general.id}/messages/${question.id}/threads` as const;
    expect(await refusal(rest.post(path, { body: { name: 'x' } }))).toBe('403 50013');
    fake.admin.deleteChannel('projects');
    const { id } = fake.state.channelsOf(fake.state.guild())[0]!;
    expect(await refusal(rest.get(`/channels/${id}`))).toBe('ok');
    expect(fake.invalidRequests).toBe(4);
  });

  test('private threads are only for those who are in them', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const ada = fake.person('Ada');
    const thread = ada.openThread('general', 'secret', { private: true });
    expect(await refusal(post(rest, thread, { content: 'x' }))).toBe('403 50001');
    ada.invite(fake.bot, thread);
    expect(await refusal(post(rest, thread, { content: 'x' }))).toBe('ok');
    expect(await refusal(rest.delete(`/channels/${thread.id}/thread-members/@me`))).toBe('ok');
    expect(await refusal(list(rest, thread))).toBe('403 50001');
  });

  test('direct messages reach who shares a guild and takes them', async () => {
    const fake = await discord();
    const rest = restOf(fake);
    const ada = fake.person('Ada');
    const opened = (await rest.post('/users/@me/channels', {
      body: { recipient_id: ada.id },
    })) as Json;
    expect(opened).toMatchObject({ type: 1, recipients: [{ id: ada.id, global_name: 'Ada' }] });
    expect(opened['id']).toBe(ada.directChannel.id);
    await post(rest, ada.directChannel, { content: 'hello' });
    ada.dm('hello yourself');
    expect(fake.text(ada.directChannel)).toBe('Parley: hello\nAda: hello yourself');
    const ben = fake.person('Ben');
    ben.closeDirectMessages();
    expect(await refusal(post(rest, ben.directChannel, { content: 'x' }))).toBe('403 50007');
    const cem = fake.person('Cem');
    cem.leave();
    expect(await refusal(post(rest, cem.directChannel, { content: 'x' }))).toBe('403 50278');
    const nobody = { recipient_id: '123456789012345678' };
    const opening = rest.post('/users/@me/channels', { body: nobody });
    expect(await refusal(opening)).toBe('400 50033');
  });

  test('without the right token nothing is told', async () => {
    const fake = await discord();
    const rest = restOf(fake).setToken('wrong');
    expect(await refusal(rest.get('/users/@me'))).toBe('401 0');
    expect(fake.invalidRequests).toBe(1);
    const answer = await raw(fake, 'GET', '/no/such/thing');
    expect(answer.status).toBe(404);
    const gateway = await fetch(`${fake.apiUrl}/v10/gateway`);
    expect(await gateway.json()).toEqual({ url: fake.gateway.url });
  });
});

describe('rate limits', () => {
  test("discord.js's own queue sees them coming", async () => {
    const routes = { 'POST /channels/:channel/messages': hastyPost };
    const fake = await discord({ limits: { routes } });
    const rest = restOf(fake, { offset: 0 });
    let waits = 0;
    rest.on('rateLimited', () => {
      waits += 1;
    });
    const general = fake.channel('general');
    const posts = Array.from({ length: 8 }, (_, index) =>
      post(rest, general, { content: `${index}` }),
    );
    await Promise.all(posts);
    expect(fake.messages('general')).toHaveLength(8);
    expect(waits).toBeGreaterThan(0);
    expect(fake.rateLimited).toEqual([]);
  });

  test('posts and edits of a channel have a bucket each, and every channel its own', async () => {
    const fake = await discord({ limits: {} });
    const general = fake.channel('general');
    const path = `/channels/${general.id}/messages` as const;
    const posted = await raw(fake, 'POST', path, { content: 'x' });
    const { id } = (await posted.json()) as Json;
    const edited = await raw(fake, 'PATCH', `${path}/${String(id)}`, { content: 'y' });
    const other = `/channels/${fake.channel('projects').id}/messages`;
    const elsewhere = await raw(fake, 'POST', other, { content: 'x' });
    const left = (answer: Response) => answer.headers.get('x-ratelimit-remaining');
    expect([posted, edited, elsewhere].map(left)).toEqual(['4', '4', '4']);
    const bucket = (answer: Response) => answer.headers.get('x-ratelimit-bucket');
    expect(bucket(posted)).not.toBe(bucket(edited));
    expect(bucket(posted)).toBe(bucket(elsewhere));
    expect(posted.headers.get('x-ratelimit-limit')).toBe('5');
    expect(Number(posted.headers.get('x-ratelimit-reset-after'))).toBeGreaterThan(4);
    expect(Number(posted.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1_000);
    const refused = await raw(fake, 'GET', `${path}/123456789012345678`);
    expect(refused.headers.get('x-ratelimit-limit')).not.toBeNull();
  });

  test('who does not heed the headers is refused, and it is known who was warned', async () => {
    const routes = {
      'POST /channels/:channel/typing': { kind: 'window', limit: 1, perMs: 60_000 },
    } as const;
    const fake = await discord({ limits: { routes } });
    const path = `/channels/${fake.channel('general').id}/typing`;
    await Promise.all([raw(fake, 'POST', path), raw(fake, 'POST', path)]);
    expect(fake.rateLimited).toMatchObject([{ foretold: false, scope: 'user' }]);
    // Later than an answer needs to be read.
    await pause(readWithinMs + 1);
    const answer = await raw(fake, 'POST', path);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(answer.headers.get('x-ratelimit-scope')).toBe('user');
    expect(await answer.json()).toMatchObject({ global: false, retry_after: expect.any(Number) });
    expect(fake.rateLimited.at(-1)).toMatchObject({ method: 'POST', path, foretold: true });
    expect(fake.invalidRequests).toBe(2);
    fake.limits.forgetTold();
    await raw(fake, 'POST', path);
    expect(fake.rateLimited.at(-1)).toMatchObject({ foretold: false });
  });

  test('a window that is over begins anew, with no more in it than before', async () => {
    const perMs = 300;
    const routes = {
      'POST /channels/:channel/typing': { kind: 'window', limit: 1, perMs },
    } as const;
    const fake = await discord({ limits: { routes } });
    const path = `/channels/${fake.channel('general').id}/typing`;
    await raw(fake, 'POST', path);
    await pause(perMs + 1);
    const answers = await Promise.all([raw(fake, 'POST', path), raw(fake, 'POST', path)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([204, 429]);
  });

  test('a bucket that is refilled gives single calls back', async () => {
    const refill = { kind: 'refill', depth: 2, everyMs: 40 } as const;
    const routes = { 'POST /channels/:channel/messages': refill };
    const fake = await discord({ limits: { routes } });
    const rest = restOf(fake, { offset: 0 });
    const general = fake.channel('general');
    const posts = Array.from({ length: 6 }, (_, index) =>
      post(rest, general, { content: `${index}` }),
    );
    await Promise.all(posts);
    expect(fake.messages('general').map(({ text }) => text)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(fake.rateLimited).toEqual([]);
  });

  test('renaming has a limit that no header tells of', async () => {
    const fake = await discord({ limits: {} });
    const rest = restOf(fake, { rejectOnRateLimit: () => true });
    const question = fake.person('Ada').say('general', 'hi');
    const path = `/channels/${fake.channel('general').id}/messages/${question.id}/threads`;
    const opened = await raw(fake, 'POST', path, { name: 'one' });
    const { id } = (await opened.json()) as Json;
    const rename = (name: string) => rest.patch(`/channels/${String(id)}`, { body: { name } });
    await rename('two');
    await rename('three');
    await expect(rename('four')).rejects.toMatchObject({ sublimitTimeout: expect.any(Number) });
    expect(fake.thread(question)?.name).toBe('three');
    await rest.patch(`/channels/${String(id)}`, { body: { archived: true } });
    expect(fake.rateLimited).toMatchObject([{ foretold: false }]);
  });

  test('all calls together have a limit, too', async () => {
    const fake = await discord({ limits: { globalPerSecond: 3 } });
    const paths = ['/users/@me', '/gateway/bot', '/applications/@me', '/oauth2/applications/@me'];
    const answers = await Promise.all(paths.map((path) => raw(fake, 'GET', path)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.headers.get('x-ratelimit-global')).toBe('true');
    expect(refused[0]?.headers.get('x-ratelimit-scope')).toBe('global');
    expect(await refused[0]?.json()).toMatchObject({ global: true });
  });
});

describe('faults', () => {
  test('each of them looks as Discord, or the network, makes it look', async () => {
    const fake = await discord();
    const rest = restOf(fake, { timeout: 100 });
    const general = fake.channel('general');
    const path = '/channels/:id/messages';
    const send = () => refusal(post(rest, general, { content: 'x' }));
    for (const [code, status] of [
      [200000, 400],
      [240000, 400],
      [160005, 400],
      [50278, 403],
    ] as const) {
      fake.faults.next('POST', path, { kind: 'refused', code });
      expect(await send()).toBe(`${status} ${code}`);
    }
    fake.faults.next('POST', path, { kind: 'page', status: 502 });
    expect(await send()).toBe('502');
    fake.faults.next('POST', path, { kind: 'page', status: 403 });
    expect(await send()).toBe('403 undefined');
    const noAnswer = /aborted|closed|ECONNRESET|JSON/;
    for (const fault of [{ kind: 'hang' }, { kind: 'reset' }] as const) {
      fake.faults.next('POST', path, fault);
      await expect(send()).rejects.toThrow(noAnswer);
    }
    expect(fake.text('general')).toBe('');
    for (const fault of [
      { kind: 'lost', by: 'hang' },
      { kind: 'lost', by: 'reset' },
      { kind: 'garbled' },
      { kind: 'slow', ms: 5_000 },
    ] as const) {
      fake.faults.next('POST', `/channels/${general.id}/messages`, fault);
      await expect(send()).rejects.toThrow(noAnswer);
    }
    expect(fake.messages('general')).toHaveLength(4);
    expect(await send()).toBe('ok');
  });

  test('what comes late is done behind the back of who gave up waiting', async () => {
    const fake = await discord({ latencyMs: 20 });
    const rest = restOf(fake, { timeout: 50 });
    const general = fake.channel('general');
    fake.faults.next('POST', '*', { kind: 'late', ms: 100 });
    await expect(post(rest, general, { content: 'late' })).rejects.toThrow(/aborted/);
    expect(fake.text('general')).toBe('');
    await fake.until(() => fake.text('general') === 'Parley: late');
    expect(fake.calls).toMatchObject([
      { status: undefined, answeredAt: undefined, injected: true },
    ]);
    await (await raw(fake, 'GET', '/users/@me')).arrayBuffer();
    const { at, answeredAt = 0 } = fake.calls.at(-1)!;
    expect(answeredAt - at).toBeGreaterThan(18);
  });

  test('a limit that nobody could foresee is waited for', async () => {
    const fake = await discord();
    const rest = restOf(fake, { rejectOnRateLimit: () => true });
    const general = fake.channel('general');
    fake.faults.next('POST', '*', { kind: 'refused', code: 20028, retryAfterSeconds: 30 });
    const sent = post(rest, general, { content: 'x' });
    await expect(sent).rejects.toMatchObject({ scope: 'shared', sublimitTimeout: 30_050 });
    fake.faults.next('PATCH', '*', { kind: 'rate-limited', retryAfterSeconds: 2, scope: 'global' });
    const changed = edit(rest, general, '123456789012345678', { content: 'x' });
    await expect(changed).rejects.toMatchObject({ global: true });
    expect(fake.rateLimited).toEqual([]);
  });

  test('a repeated post after a lost answer shows one message', async () => {
    const fake = await discord();
    const rest = restOf(fake, { retries: 3 });
    fake.faults.next('POST', '*', { kind: 'lost', by: 'reset' });
    const body = { content: 'once', nonce: 'n1', enforce_nonce: true };
    const { id } = await post(rest, fake.channel('general'), body);
    expect(fake.messages('general')).toMatchObject([{ id, text: 'once' }]);
  });
});

describe('the real client', () => {
  async function ready(fake: DiscordFake): Promise<Client<true>> {
    const client = new Client({
      intents: [
        GatewayIntentBits.Guilds,
        GatewayIntentBits.GuildMessages,
        GatewayIntentBits.DirectMessages,
        GatewayIntentBits.MessageContent,
      ],
      partials: [Partials.Channel],
      rest: { api: fake.apiUrl },
    });
    cleanups.push(() => client.destroy());
    const isReady = new Promise((resolve) => client.once('clientReady', resolve));
    await client.login(fake.token);
    await isReady;
    return client as Client<true>;
  }

  test('knows the guild, its channels, threads, and what it may do there', async () => {
    const fake = await discord();
    const { thread } = fake.person('Ada').forumPost('help', 'Broken', 'it is');
    const last = fake.person('Ada').say('general', 'hi');
    const client = await ready(fake);
    expect(client.user.id).toBe(fake.bot.id);
    const guild = client.guilds.cache.first()!;
    expect(guild.name).toBe('Village');
    const names = guild.channels.cache.map(({ name }) => name).sort();
    const all = ['Broken', 'general', 'help', 'hidden', 'lounge', 'news', 'projects', 'read-only'];
    expect(names).toEqual(all);
    const general = guild.channels.cache.get(fake.channel('general').id);
    expect(general).toMatchObject({ lastMessageId: last.id });
    expect(guild.channels.cache.get(thread.id)?.isThread()).toBe(true);
    const me = guild.members.me!;
    const may = (name: string, permission: 'SendMessages' | 'ViewChannel') =>
      me.permissionsIn(fake.channel(name).id).has(permission);
    expect(may('general', 'SendMessages')).toBe(true);
    expect(may('read-only', 'SendMessages')).toBe(false);
    expect(may('read-only', 'ViewChannel')).toBe(true);
    expect(guild.channels.cache.get(fake.channel('hidden').id)?.viewable).toBe(false);
  });

  test('hears what people and it itself do, as far as it may see it', async () => {
    const fake = await discord();
    const client = await ready(fake);
    const heard: string[] = [];
    const note = (what: string) => (message: ClientMessage | { content: string | null }) =>
      heard.push(`${what} ${message.content}`);
    const created: ClientMessage[] = [];
    const calls: ClientMessage[] = [];
    client.on('messageCreate', (message) => {
      created.push(message);
      if (message.mentions.has(client.user)) calls.push(message);
      note('+')(message);
    });
    client.on('messageUpdate', (_, message) => note('~')(message));
    client.on('messageDelete', () => heard.push('-'));
    client.on('threadCreate', ({ name }) => heard.push(`thread ${name}`));
    client.on('threadUpdate', (_, { archived }) => heard.push(`archived ${archived}`));
    const ada = fake.person('Ada');
    const over = new Promise((resolve) => {
      client.on('messageCreate', ({ content }) => content === 'over' && resolve(undefined));
    });
    const question = ada.mention('general', 'why?');
    ada.say('hidden', 'unheard');
    const thread = ada.openThread(question, 'Why');
    fake.robot('Weather').say('general', 'rain', { replyTo: question });
    fake.webhook('Deploys').say('general', 'done');
    fake.admin.archive(thread);
    ada.edit(question, 'why not?');
    ada.delete(question);
    ada.dm('psst');
    await client.rest.post(`/channels/${thread.id}/messages`, {
      body: { content: 'over', nonce: 'n1' },
    });
    await over;
    const mention = `<@${fake.bot.id}> why?`;
    expect(heard).toEqual([
      `+ ${mention}`,
      'thread Why',
      `~ ${mention}`,
      '+ ',
      '+ rain',
      '+ done',
      'archived true',
      '~ why not?',
      '-',
      '+ psst',
      'archived false',
      '+ over',
    ]);
    const [first, starter, rain, done, whispered, own] = created;
    expect(calls.map(({ id }) => id)).toEqual([question.id]);
    expect(first?.member?.displayName).toBe('Ada');
    expect(starter?.system).toBe(true);
    expect(rain).toMatchObject({ type: 19, author: { bot: true } });
    expect(rain?.reference?.messageId).toBe(question.id);
    expect(done?.webhookId).toBe(done?.author.id);
    expect(whispered?.guildId).toBeNull();
    expect(whispered?.channel.isDMBased()).toBe(true);
    expect(own).toMatchObject({ nonce: 'n1', author: { id: client.user.id } });
  });
});
