import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { App, SocketModeReceiver, webApi } from '@slack/bolt';
import type { Logger, ReceiverEvent } from '@slack/bolt';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Limits } from '../fakes/slack/limits.ts';
import type { SlackFakeOptions } from '../fakes/slack/options.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';

/** What Bolt would print: the faults here are meant. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => webApi.LogLevel.ERROR,
  setName: () => undefined,
};

const quiet = { unfurl_links: false, unfurl_media: false };
/** Fast enough for a test. */
const hasty = { ackWithinMs: 50, retryAfterMs: [0, 20, 40] };
/** Has time for an answer on a busy machine. */
const patient = { ...hasty, ackWithinMs: 5_000 };
const soon = { timeout: 10_000, interval: 5 };
/** Reconnecting takes this long, in milliseconds; a third of it lies between two pings. */
const clientPingTimeout = 90;

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function slack(options: SlackFakeOptions = {}): Promise<SlackFake> {
  const fake = await startSlackFake(options);
  cleanups.push(() => fake.close());
  return fake;
}

function clientOf(fake: SlackFake, token = fake.botToken): webApi.WebClient {
  return new webApi.WebClient(token, {
    slackApiUrl: fake.apiUrl,
    logger: silent,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
}

/** Slack's error to a call, or `ok`. */
async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof webApi.WebAPIPlatformError) return error.data.error;
    throw error;
  }
}

/** A bot made of the real Bolt, which notes the events that its listeners get. */
async function bolt(fake: SlackFake) {
  const receiver = new SocketModeReceiver({
    appToken: fake.appToken,
    logger: silent,
    clientPingTimeout,
    installerOptions: { clientOptions: { slackApiUrl: fake.apiUrl } },
  });
  const app = new App({
    token: fake.botToken,
    receiver,
    logger: silent,
    ignoreSelf: false,
    clientOptions: { slackApiUrl: fake.apiUrl },
  });
  const heard: Record<string, unknown>[] = [];
  app.use(async ({ body, next }) => {
    heard.push(body as unknown as Record<string, unknown>);
    await next();
  });
  await app.start();
  cleanups.push(() => app.stop());
  return { app, heard, events: () => heard.map(({ event }) => event as Record<string, unknown>) };
}

/** A receiver of the real Bolt that acknowledges only what `onEvent` does; notes all it gets. */
async function receiver(
  fake: SlackFake,
  onEvent: (event: ReceiverEvent) => Promise<void> = () => Promise.resolve(),
): Promise<ReceiverEvent[]> {
  const socket = new SocketModeReceiver({
    appToken: fake.appToken,
    logger: silent,
    clientPingTimeout,
    installerOptions: { clientOptions: { slackApiUrl: fake.apiUrl } },
  });
  const got: ReceiverEvent[] = [];
  const processEvent = (event: ReceiverEvent) => {
    got.push(event);
    return onEvent(event);
  };
  socket.init({ processEvent } as App);
  await socket.start();
  cleanups.push(() => socket.stop());
  return got;
}

/** A server of ours that Slack's signed requests go to. */
async function endpoint(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => handle(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
}

describe('who may call', () => {
  test('tokens are checked, each kind for its methods', async () => {
    const fake = await slack();
    const bare = await fetch(`${fake.apiUrl}auth.test`, { method: 'POST' });
    expect(await bare.json()).toMatchObject({ ok: false, error: 'not_authed' });
    expect(await errorOf(clientOf(fake, 'xoxb-wrong').auth.test())).toBe('invalid_auth');
    expect(await errorOf(clientOf(fake, fake.appToken).auth.test())).toBe('not_allowed_token_type');
    expect(await errorOf(clientOf(fake).apps.connections.open({}))).toBe('not_allowed_token_type');
    expect(await errorOf(clientOf(fake).apiCall('chat.sing'))).toBe('unknown_method');

    fake.admin().revokesToken();
    expect(await errorOf(clientOf(fake).auth.test())).toBe('token_revoked');
    fake.refusesAppToken('invalid_auth');
    const opening = clientOf(fake, fake.appToken).apps.connections.open({});
    expect(await errorOf(opening)).toBe('invalid_auth');
  });

  test('a missing scope is named, with those that are there', async () => {
    const fake = await slack({ workspaces: [{ id: 'T1', scopes: ['im:history'] }] });
    const client = clientOf(fake);
    const post = client.chat.postMessage({ channel: 'C1', text: 'hi', ...quiet });
    await expect(post).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'chat:write', provided: 'im:history' },
    });
    expect(await errorOf(client.conversations.history({ channel: 'C1' }))).toBe('missing_scope');
    expect(await errorOf(client.conversations.history({ channel: 'D1' }))).toBe('ok');
    expect(await errorOf(client.users.conversations({}))).toBe('missing_scope');
  });

  test('each workspace has its own token, people and messages', async () => {
    const fake = await slack({ workspaces: [{ id: 'T1' }, { id: 'T2' }] });
    const second = clientOf(fake, 'xoxb-T2');
    expect(await second.auth.test()).toMatchObject({ team_id: 'T2', user_id: 'U0T2' });
    await second.chat.postMessage({ channel: 'C1', text: 'only here', ...quiet });
    expect(fake.timeline('C1', 'T1')).toEqual([]);
    expect(fake.timeline('C1', 'T2')).toMatchObject([{ author: 'Parley', text: 'only here' }]);

    const mixed = new webApi.WebClient('xoxb-T2', { slackApiUrl: fake.apiUrl, teamId: 'T1' });
    await mixed.chat.postMessage({ channel: 'C1', text: 'x', ...quiet });
    expect(fake.violations).toMatchObject([{ problem: 'a call for T1 with the token of T2' }]);
  });
});

describe('what may be posted', () => {
  const long = (chars: number): string => 'x'.repeat(chars);
  const section = (chars: number) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: long(chars) },
  });
  const header = (chars: number) => ({
    type: 'header',
    text: { type: 'plain_text', text: long(chars) },
  });
  const markdown = (chars: number) => ({ type: 'markdown', text: long(chars) });
  const cell = (chars: number) => ({ type: 'raw_text', text: long(chars) });
  const table = (rows: number, columns: number, chars: number) => ({
    type: 'table',
    rows: Array.from({ length: rows }, () => Array.from({ length: columns }, () => cell(chars))),
  });
  const many = (count: number) => Array.from({ length: count }, () => ({ type: 'divider' }));

  test.each([
    ['nothing', {}, 'no_text'],
    ['spaces', { text: '  \n' }, 'no_text'],
    ['40,001 characters', { text: long(40_001) }, 'ok'],
    ['markdown that fits', { markdown_text: long(12_000) }, 'ok'],
    ['too much markdown', { markdown_text: long(12_001) }, 'msg_too_long'],
    ['markdown and text', { markdown_text: 'a', text: 'b' }, 'markdown_text_conflict'],
    ['markdown and blocks', { markdown_text: 'a', blocks: many(1) }, 'markdown_text_conflict'],
    ['markdown blocks that fit', { blocks: [markdown(6_000), markdown(6_000)] }, 'ok'],
    ['too much in two', { blocks: [markdown(6_000), markdown(6_001)] }, 'msg_blocks_too_long'],
    ['50 blocks', { blocks: many(50) }, 'ok'],
    ['51 blocks', { blocks: many(51) }, 'invalid_blocks'],
    ['a section that fits', { blocks: [section(3_000)] }, 'ok'],
    ['a section too long', { blocks: [section(3_001)] }, 'invalid_blocks'],
    ['a header that fits', { blocks: [header(150)] }, 'ok'],
    ['a header too long', { blocks: [header(151)] }, 'invalid_blocks'],
    ['a table that fits', { blocks: [table(100, 20, 5)] }, 'ok'],
    ['101 rows', { blocks: [table(101, 1, 1)] }, 'invalid_blocks'],
    ['21 columns', { blocks: [table(1, 21, 1)] }, 'invalid_blocks'],
    ['a table with too much in it', { blocks: [table(100, 20, 6)] }, 'msg_blocks_too_long'],
    ['blocks that are none', { blocks: '{"a":' }, 'invalid_blocks_format'],
    ['metadata without a type', { text: 'a', metadata: { a: 1 } }, 'invalid_metadata_schema'],
  ])('%s', async (_what, args, outcome) => {
    const client = clientOf(await slack());
    const call = client.apiCall('chat.postMessage', { channel: 'C1', ...quiet, ...args });
    expect(await errorOf(call)).toBe(outcome);
  });

  test('a post is cut at 40,000 characters, an update refused above 4,000', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const post = await client.chat.postMessage({ channel: 'C1', text: long(40_001), ...quiet });
    expect(post['warning']).toBe('message_truncated');
    const ts = post.ts ?? '';
    expect(fake.message('C1', ts).text).toHaveLength(40_000);
    const update = (args: object) =>
      errorOf(client.apiCall('chat.update', { channel: 'C1', ts, ...args }));
    expect(await update({ text: long(4_001) })).toBe('msg_too_long');
    expect(await update({ text: long(4_000) })).toBe('ok');
    expect(await update({ markdown_text: long(12_001) })).toBe('msg_too_long');
    expect(await update({ markdown_text: long(12_000) })).toBe('ok');
    expect(await update({})).toBe('no_text');
  });

  test('JSON bodies mean what forms mean', async () => {
    const fake = await slack();
    const response = await fetch(`${fake.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.botToken}` },
      body: JSON.stringify({ channel: 'C1', blocks: [markdown(3)], ...quiet }),
    });
    expect(await response.json()).toMatchObject({ ok: true, channel: 'C1' });
    expect(fake.timeline('C1')).toMatchObject([{ text: 'xxx' }]);
    expect(fake.violations).toEqual([]);
  });
});

describe('where may be posted', () => {
  test('channels that the bot cannot see, is not in, or that are archived', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const post = (channel: string) =>
      errorOf(client.chat.postMessage({ channel, text: 'hi', ...quiet }));
    expect(await post('C404')).toBe('channel_not_found');
    expect(await post('C9')).toBe('not_in_channel');
    expect(await post('G9')).toBe('channel_not_found');
    expect(await post('U1')).toBe('ok');
    expect(fake.timeline('D1')).toMatchObject([{ text: 'hi' }]);
    const { ts = '' } = await client.chat.postMessage({ channel: 'C2', text: 'hi', ...quiet });
    fake.admin().archives('C2');
    expect(await post('C2')).toBe('is_archived');
    expect(await errorOf(client.chat.update({ channel: 'C2', ts, text: 'x' }))).toBe('is_inactive');
    fake.admin().removes('C1');
    expect(await post('C1')).toBe('not_in_channel');
  });

  test('only its own messages, only those that are there', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const theirs = fake.person('U1').posts('C1', 'mine');
    const update = (ts: string) =>
      errorOf(client.chat.update({ channel: 'C1', ts, text: 'changed' }));
    expect(await update(theirs.ts)).toBe('cant_update_message');
    expect(await update('1.000001')).toBe('message_not_found');
    const remove = client.chat.delete({ channel: 'C1', ts: theirs.ts });
    expect(await errorOf(remove)).toBe('cant_delete_message');
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'ours', ...quiet });
    expect(await update(ts)).toBe('ok');
    expect(fake.timeline('C1').map(({ text }) => text)).toEqual(['mine', 'changed']);
    await client.chat.delete({ channel: 'C1', ts });
    expect(await update(ts)).toBe('message_not_found');
    expect(fake.timeline('C1').map(({ text }) => text)).toEqual(['mine']);
  });

  test('a reply to a message that is gone lands in the channel, without an error', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const reply = (thread_ts: string) =>
      client.chat.postMessage({ channel: 'C1', thread_ts, text: 'reply', ...quiet });
    const root = fake.person('U1').posts('C1', 'root');
    expect((await reply(root.ts)).message).toMatchObject({ thread_ts: root.ts });
    fake.person('U1').deletes(root);
    expect((await reply(root.ts)).message).toMatchObject({ thread_ts: root.ts });
    expect(fake.thread('C1', root.ts).map(({ text }) => text)).toEqual(['reply', 'reply']);

    const lonely = fake.person('U1').posts('C1', 'lonely');
    fake.person('U1').deletes(lonely);
    expect((await reply(lonely.ts)).message).not.toHaveProperty('thread_ts');
    expect(fake.timeline('C1').map(({ text }) => text)).toEqual(['reply']);
  });
});

describe('what can be read', () => {
  test('a thread in pages, its root at the head of each, and metadata when asked for', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const root = fake.person('U1').posts('C1', 'root');
    for (const text of ['1', '2', '3']) {
      fake.person('U2').posts('C1', text, { thread_ts: root.ts });
    }
    const metadata = { event_type: 'parley_page', event_payload: { key: 'k.0' } };
    const thread = { channel: 'C1', ts: root.ts };
    await client.chat.postMessage({
      channel: 'C1',
      thread_ts: root.ts,
      text: 'bot',
      metadata,
      ...quiet,
    });
    const first = await client.conversations.replies({ ...thread, limit: 3 });
    expect(first.messages?.map(({ text }) => text)).toEqual(['root', '1', '2', '3']);
    expect(first.messages?.[1]).toMatchObject({ parent_user_id: 'U1', thread_ts: root.ts });
    expect(first.has_more).toBe(true);
    const cursor = first.response_metadata?.next_cursor ?? '';
    const second = await client.conversations.replies({ ...thread, cursor });
    expect(second.messages?.map(({ text }) => text)).toEqual(['root', 'bot']);
    expect(second.messages?.[1]).not.toHaveProperty('metadata');
    const full = await client.conversations.replies({ ...thread, include_all_metadata: true });
    expect(full.messages?.at(-1)).toMatchObject({ metadata, bot_id: 'B0T1', user: 'U0T1' });

    const gone = client.conversations.replies({ channel: 'C1', ts: '1.000000' });
    expect(await errorOf(gone)).toBe('thread_not_found');
    const odd = client.conversations.replies({ ...thread, cursor: 'odd' });
    expect(await errorOf(odd)).toBe('invalid_cursor');
  });

  test('a channel newest first, between two times, without the replies in threads', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const ann = fake.person('U1');
    const hourAgo = Date.now() - 3_600_000;
    const [old, , last] = ['a', 'b', 'c'].map((text, index) =>
      ann.posts('C1', text, { atMs: hourAgo + index * 1_000 }),
    );
    ann.posts('C1', 'in the thread', { thread_ts: old!.ts });
    ann.posts('C1', 'shown twice', { thread_ts: old!.ts, broadcast: true });
    const read = async (args: object) => {
      const { messages } = await client.conversations.history({ channel: 'C1', ...args });
      return messages?.map(({ text }) => text);
    };
    expect(await read({})).toEqual(['shown twice', 'c', 'b', 'a']);
    expect(await read({ limit: 2 })).toEqual(['shown twice', 'c']);
    expect(await read({ oldest: old!.ts, latest: last!.ts })).toEqual(['b']);
    expect(await read({ oldest: old!.ts, latest: last!.ts, inclusive: true })).toEqual([
      'c',
      'b',
      'a',
    ]);
    const { messages } = await client.conversations.history({ channel: 'C1' });
    expect(messages?.at(-1)).toMatchObject({ reply_count: 2, thread_ts: old!.ts });
  });

  test('people, bots and channels', async () => {
    const scopes = ['users:read', 'channels:read', 'im:read'];
    const client = clientOf(await slack({ workspaces: [{ id: 'T1', scopes }] }));
    expect((await client.users.info({ user: 'U1' })).user).toMatchObject({ real_name: 'Ann' });
    expect((await client.users.info({ user: 'UX' })).user).toMatchObject({ team_id: 'TX' });
    expect(await errorOf(client.users.info({ user: 'U404' }))).toBe('user_not_found');
    expect((await client.bots.info({ bot: 'B7' })).bot).toMatchObject({ user_id: 'U7' });
    const mine = await client.users.conversations({ types: 'public_channel,im', limit: 2 });
    expect(mine.channels?.map(({ id }) => id)).toEqual(['C1', 'C2']);
    const cursor = mine.response_metadata?.next_cursor ?? '';
    const rest = await client.users.conversations({ types: 'public_channel,im', cursor });
    expect(rest.channels?.map(({ id }) => id)).toEqual(['CX', 'D1', 'D2', 'D3']);
    const info = await client.conversations.info({ channel: 'CX' });
    expect(info.channel).toMatchObject({ is_ext_shared: true });
  });
});

describe('rate limits', () => {
  test.each([
    ['chat.update', 50, 2],
    ['chat.delete', 50, 2],
    ['reactions.add', 50, 2],
    ['conversations.replies', 50, 2],
    ['conversations.history', 50, 2],
    ['apps.connections.open', 50, 2],
    ['chat.startStream', 20, 3],
    ['chat.stopStream', 20, 3],
    ['chat.appendStream', 100, 1],
    ['chat.postMessage', 300, 1],
  ])('%s: %i a minute in a workspace, then wait %i s', (method, depth, seconds) => {
    vi.useFakeTimers();
    cleanups.push(() => void vi.useRealTimers());
    const limits = new Limits({});
    const spend = (owner = 'T1') => limits.spend(method, owner, undefined);
    for (let index = 0; index < depth; index += 1) expect(spend()).toBeUndefined();
    expect(spend()).toBe(seconds);
    expect(spend('T2')).toBeUndefined();
    vi.advanceTimersByTime(seconds * 1_000);
    expect(spend()).toBeUndefined();
    vi.advanceTimersByTime(600_000);
    for (let index = 0; index < depth; index += 1) expect(spend()).toBeUndefined();
    expect(spend()).toBe(seconds);
  });

  test('five posts at once in a channel, then one a second, whatever other channels do', () => {
    vi.useFakeTimers();
    cleanups.push(() => void vi.useRealTimers());
    const limits = new Limits({});
    const spend = (channel: string) => limits.spend('chat.postMessage', 'T1', channel);
    for (let index = 0; index < 5; index += 1) expect(spend('C1')).toBeUndefined();
    expect([spend('C1'), spend('C1'), spend('C2')]).toEqual([1, 1, undefined]);
    vi.advanceTimersByTime(1_000);
    expect([spend('C1'), spend('C1')]).toEqual([undefined, 1]);
    // What one channel was refused is not taken from the workspace.
    for (let index = 0; index < 293; index += 1) expect(spend(`C-${index}`)).toBeUndefined();
  });

  test('a call over the limit is refused with the time to wait, and not done', async () => {
    const fake = await slack({ workspaces: [{ id: 'T1' }, { id: 'T2' }] });
    fake.limits.set('chat.update', { depth: 2, perMinute: 1 });
    fake.limits.set('chat.postMessage#channel', { depth: 3, perMinute: 2 });
    const client = clientOf(fake);
    const ts = await posted(client, 'C1');
    const update = (text: string) => client.chat.update({ channel: 'C1', ts, text });
    await update('one');
    await update('two');
    await expect(update('one too many')).rejects.toMatchObject({ retryAfter: 60 });
    expect(fake.message('C1', ts).text).toBe('two');
    expect(fake.rateLimited('chat.update')).toHaveLength(1);

    await posted(client, 'C1');
    await posted(client, 'C1');
    await expect(posted(client, 'C1')).rejects.toMatchObject({ retryAfter: 30 });
    await posted(client, 'C2');
    await posted(clientOf(fake, 'xoxb-T2'), 'C1');
  });

  test('a bucket fills again; a refusal can come as an answer, too', async () => {
    const fake = await slack({ limits: { scale: 0.001, refuseBy: 'body' } });
    expect(await errorOf(posted(clientOf(fake), 'C1'))).toBe('ratelimited');
    fake.limits.set('chat.postMessage', { depth: 1, perMinute: 6_000 });
    fake.limits.set('chat.postMessage#channel', { depth: 1, perMinute: 6_000 });
    await posted(clientOf(fake), 'C1');
    await vi.waitFor(() => posted(clientOf(fake), 'C1'), soon);
  });

  async function posted(client: webApi.WebClient, channel: string): Promise<string> {
    return (await client.chat.postMessage({ channel, text: 'hi', ...quiet })).ts ?? '';
  }
});

describe('faults', () => {
  const post = (fake: SlackFake, text = 'hi') =>
    clientOf(fake).chat.postMessage({ channel: 'C1', text, ...quiet });
  const texts = (fake: SlackFake) => fake.timeline('C1').map(({ text }) => text);

  test('errors, rate limits, pages instead of JSON: nothing was done, then all is well', async () => {
    const fake = await slack();
    fake.fail('chat.postMessage', { kind: 'error', error: 'edit_window_closed' });
    expect(await errorOf(post(fake))).toBe('edit_window_closed');
    fake.fail('chat.postMessage', { kind: 'rate-limited', retryAfterSeconds: 7 });
    await expect(post(fake)).rejects.toMatchObject({ retryAfter: 7 });
    fake.fail('*', { kind: 'rate-limited', retryAfterSeconds: 7, by: 'body' });
    expect(await errorOf(post(fake))).toBe('ratelimited');
    fake.fail('chat.postMessage', { kind: 'status', status: 500 }, { times: 2 });
    await expect(post(fake)).rejects.toMatchObject({ statusCode: 500 });
    await expect(post(fake)).rejects.toMatchObject({ statusCode: 500 });
    fake.fail('chat.postMessage', { kind: 'reset' });
    await expect(post(fake)).rejects.toThrow(webApi.WebAPIRequestError);
    expect(texts(fake)).toEqual([]);
    await post(fake);
    expect(texts(fake)).toEqual(['hi']);
    expect(fake.rateLimited()).toEqual([]);
  });

  test('an answer can be lost, though it was done', async () => {
    const fake = await slack();
    fake.fail('chat.postMessage', { kind: 'lost', by: 'reset' });
    await expect(post(fake, 'lost')).rejects.toThrow(webApi.WebAPIRequestError);
    expect(texts(fake)).toEqual(['lost']);
  });

  test('a hanging call is given up by the client; a late one is done nevertheless', async () => {
    const fake = await slack();
    const options = { slackApiUrl: fake.apiUrl, logger: silent, timeout: 30 };
    const client = new webApi.WebClient(fake.botToken, { ...options, retryConfig: { retries: 0 } });
    const late = (text: string) => client.chat.postMessage({ channel: 'C1', text, ...quiet });
    fake.fail('chat.postMessage', { kind: 'hang' });
    await expect(late('hangs')).rejects.toThrow(webApi.WebAPIRequestError);
    fake.fail('chat.postMessage', { kind: 'late', ms: 60 });
    await expect(late('late')).rejects.toThrow(webApi.WebAPIRequestError);
    await fake.until(() => texts(fake).length > 0);
    expect(texts(fake)).toEqual(['late']);
    expect(fake.calls().map(({ outcome }) => outcome)).toEqual(['hang', 'late']);
  });

  test('a client that goes away in the middle of a call asked for nothing', async () => {
    const fake = await slack();
    const half = [
      'POST /api/chat.postMessage HTTP/1.1',
      'host: slack',
      'content-type: application/json',
      'content-length: 100',
      '',
      '{"channel":',
    ];
    const [host, port] = fake.host.split(':');
    const socket = connect(Number(port), host);
    await new Promise<void>((resolve, reject) => {
      socket.write(half.join('\r\n'), (error) => (error ? reject(error) : resolve()));
    });
    // Another call, so that the half one has arrived before it breaks off.
    await clientOf(fake).auth.test();
    socket.resetAndDestroy();
    await clientOf(fake).auth.test();
    expect(fake.calls().map(({ method }) => method)).toEqual(['auth.test', 'auth.test']);
  });

  test('only the calls that are meant go wrong, until it is enough', async () => {
    const fake = await slack();
    const enough = fake.fail(
      'chat.postMessage',
      { kind: 'error', error: 'restricted_action' },
      { times: Number.POSITIVE_INFINITY, when: ({ args }) => args['text'] === 'bad' },
    );
    expect(await errorOf(post(fake, 'good'))).toBe('ok');
    expect(await errorOf(post(fake, 'bad'))).toBe('restricted_action');
    expect(await errorOf(post(fake, 'bad'))).toBe('restricted_action');
    enough();
    expect(await errorOf(post(fake, 'bad'))).toBe('ok');
  });

  test('a slow call is done in the middle of its time', async () => {
    const fake = await slack({ latency: { medianMs: 4 } });
    fake.fail('chat.postMessage', { kind: 'slow', ms: 40 });
    const answered = post(fake, 'slow');
    await fake.until(() => fake.calls('chat.postMessage').length > 0);
    expect(texts(fake)).toEqual([]);
    await answered;
    expect(texts(fake)).toEqual(['slow']);
    await clientOf(fake).auth.test();
    for (const { at, answeredAt = 0 } of fake.calls()) expect(answeredAt).toBeGreaterThan(at);
  });
});

describe('what is on record', () => {
  test('all that a message read, in order, and what people see now', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const root = fake.person('U1').mentions('C1', 'hello?');
    const thread = { channel: 'C1', thread_ts: root.ts };
    const { ts = '' } = await client.chat.postMessage({ ...thread, text: 'one', ...quiet });
    await client.chat.update({ channel: 'C1', ts, text: 'one two' });
    await client.chat.update({ channel: 'C1', ts, markdown_text: 'one two **three**' });
    const { readings } = fake.message('C1', ts);
    expect(readings.map(({ text }) => text)).toEqual(['one', 'one two', 'one two **three**']);
    expect(readings.map(({ at }) => at)).toEqual(
      readings.map(({ at }) => at).toSorted((a, b) => a - b),
    );
    expect(fake.thread('C1', root.ts)).toEqual([
      { author: 'Ann', text: '<@U0T1> hello?', ts: root.ts },
      { author: 'Parley', text: 'one two **three**', ts },
    ]);
    expect(fake.violations).toEqual([]);
  });

  test('without texts only the newest reading is kept', async () => {
    const fake = await slack({ keepTexts: false });
    const client = clientOf(fake);
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'one', ...quiet });
    await client.chat.update({ channel: 'C1', ts, text: 'two' });
    expect(fake.message('C1', ts).readings).toMatchObject([
      { text: '', length: 3 },
      { text: 'two', length: 3 },
    ]);
    expect(fake.calls('chat.update')).toMatchObject([{ args: {}, outcome: 'ok' }]);
  });

  test('whom a text would have called: in posts, edits, blocks, code and streams', async () => {
    const fake = await slack({ limits: 'off' });
    const client = clientOf(fake);
    const called = () => fake.activity.notifications.splice(0).map(({ mention }) => mention);
    const post = (args: object) =>
      client.apiCall('chat.postMessage', { channel: 'C1', ...quiet, ...args });

    await post({ text: '&lt;!channel&gt; <!\u2060channel> <#C1> <!date^1^{date}|now> @here' });
    expect(called()).toEqual([]);
    await post({ text: 'a <!channel> b <!here|here> `<@U1>`' });
    expect(called()).toEqual(['<!channel>', '<!here|here>', '<@U1>']);
    await post({ markdown_text: '```\n<!everyone> <!subteam^S1>\n```' });
    expect(called()).toEqual(['<!everyone>', '<!subteam^S1>']);
    await post({ blocks: [{ type: 'rich_text', elements: [{ type: 'user', user_id: 'U2' }] }] });
    expect(called()).toEqual(['<@U2>']);

    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'a', ...quiet });
    await client.chat.update({ channel: 'C1', ts, text: '<@U3>' });
    await client.chat.update({ channel: 'C1', ts, text: '<@U3> again' });
    expect(called()).toEqual(['<@U3>']);

    const root = fake.person('U1').posts('C1', 'root');
    const to = { recipient_user_id: 'U1', recipient_team_id: 'T1' };
    const stream = { channel: 'C1', thread_ts: root.ts, markdown_text: 'a <!cha', ...to };
    const started = await client.chat.startStream(stream);
    expect(called()).toEqual([]);
    await client.chat.appendStream({
      channel: 'C1',
      ts: started.ts ?? '',
      markdown_text: 'nnel>',
    });
    expect(called()).toEqual(['<!channel>']);
    expect(fake.violations).toEqual([]);
  });

  test('links that Slack would have fetched, and calls that must not be made', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const text = 'see https://evil.example/?q=secret';
    await client.chat.postMessage({ channel: 'C1', text, ...quiet });
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'plain', ...quiet });
    await client.chat.update({ channel: 'C1', ts, text });
    expect(fake.activity.unfurls).toEqual([]);
    await client.chat.postMessage({ channel: 'C1', text, unfurl_links: false });
    expect(fake.activity.unfurls).toMatchObject([{ url: 'https://evil.example/?q=secret' }]);
    await client.apiCall('chat.update', {
      channel: 'C1',
      ts,
      text,
      thread_ts: ts,
      link_names: true,
    });
    expect(fake.violations.map(({ problem }) => problem)).toEqual([
      'unfurl_links and unfurl_media must both be false',
      'unknown argument thread_ts',
      'link_names calls people',
    ]);
  });

  test('a status until the bot writes, or until it fades', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const root = fake.person('U1').writes('hello');
    const place = { channel_id: 'D1', thread_ts: root.ts };
    await client.assistant.threads.setStatus({ ...place, status: 'is thinking…' });
    expect(fake.status('D1', root.ts)).toBe('is thinking…');
    await client.chat.postMessage({ channel: 'D1', thread_ts: root.ts, text: 'hi', ...quiet });
    expect(fake.status('D1', root.ts)).toBe('');
    expect(fake.activity.statuses.map(({ status }) => status)).toEqual(['is thinking…', '']);

    await client.assistant.threads.setStatus({ ...place, status: 'again' });
    fake.settings.statusLastsMs = 0;
    expect(fake.status('D1', root.ts)).toBe('');
    const lost = { channel_id: 'D1', thread_ts: '1.000000', status: 'x' };
    expect(await errorOf(client.assistant.threads.setStatus(lost))).toBe('invalid_thread_ts');
  });

  test('prompts, titles, homes, reactions and words for one person', async () => {
    const fake = await slack();
    const client = clientOf(fake);
    const { ts } = fake.person('U1').writes('hello');
    const prompt = { title: 'Sum up', message: 'Sum this up' };
    const prompts = (count: number) => Array.from({ length: count }, () => prompt);
    const set = (count: number) =>
      errorOf(
        client.assistant.threads.setSuggestedPrompts({ channel_id: 'D1', prompts: prompts(count) }),
      );
    expect(await set(4)).toBe('ok');
    expect(await set(5)).toBe('invalid_arguments');
    expect(fake.workspace().prompts).toMatchObject([{ channel: 'D1', prompts: prompts(4) }]);
    await client.assistant.threads.setTitle({ channel_id: 'D1', thread_ts: ts, title: 'Hi' });
    expect(fake.workspace().titles).toMatchObject([{ title: 'Hi' }]);
    await client.views.publish({ user_id: 'U1', view: { type: 'home', blocks: [] } });
    expect(fake.workspace().homes.get('U1')).toMatchObject({ type: 'home' });
    const eyes = { channel: 'D1', timestamp: ts, name: 'eyes' };
    await client.reactions.add(eyes);
    expect(await errorOf(client.reactions.add(eyes))).toBe('already_reacted');
    await client.reactions.remove(eyes);
    expect(await errorOf(client.reactions.remove(eyes))).toBe('no_reaction');
    await client.chat.postEphemeral({ channel: 'C1', user: 'U1', text: 'psst' });
    expect(fake.activity.ephemerals).toMatchObject([{ user: 'U1', text: 'psst' }]);
  });
});

describe('streams', () => {
  const to = { recipient_user_id: 'U1', recipient_team_id: 'T1' };

  async function streaming(options: SlackFakeOptions = {}) {
    const fake = await slack(options);
    const client = clientOf(fake);
    const root = fake.person('U1').mentions('C1', 'go');
    const start = { channel: 'C1', thread_ts: root.ts, markdown_text: 'a', ...to };
    const { ts = '' } = await client.chat.startStream(start);
    const place = { channel: 'C1', ts };
    return {
      fake,
      client,
      root,
      ts,
      append: (markdown_text: string) =>
        errorOf(client.chat.appendStream({ ...place, markdown_text })),
      update: () => errorOf(client.chat.update({ ...place, text: 'edited' })),
      stop: () => errorOf(client.chat.stopStream(place)),
    };
  }

  test('grow, cannot be edited meanwhile, and end once', async () => {
    const { fake, root, append, update, stop } = await streaming();
    expect(await append('b')).toBe('ok');
    expect(fake.thread('C1', root.ts).at(-1)?.text).toBe('ab');
    expect(await update()).toBe('streaming_state_conflict');
    expect(await stop()).toBe('ok');
    expect(await append('c')).toBe('message_not_in_streaming_state');
    expect(await stop()).toBe('message_not_in_streaming_state');
    expect(await update()).toBe('ok');
    expect(fake.thread('C1', root.ts).at(-1)?.text).toBe('edited');
  });

  test('take no more once they were too long, not even a little', async () => {
    const { append, stop } = await streaming({ streamHoldsBytes: 100 });
    expect(await append('é'.repeat(50))).toBe('msg_too_long');
    expect(await append('b')).toBe('msg_too_long');
    expect(await stop()).toBe('ok');
  });

  test('are closed by Slack after a while, and then can only be edited', async () => {
    const { fake, append, update, stop } = await streaming();
    fake.settings.streamLastsMs = 0;
    expect(await append('b')).toBe('message_not_in_streaming_state');
    expect(await stop()).toBe('message_not_in_streaming_state');
    expect(await update()).toBe('ok');
  });

  test('can be stopped by a person', async () => {
    const { fake, ts, append } = await streaming();
    fake.person('U1').stopsStream(fake.message('C1', ts));
    expect(await append('b')).toBe('stopped_by_user');
  });

  test('need a thread, and outside direct messages somebody they are for', async () => {
    const { fake, client, root } = await streaming();
    const start = (args: Record<string, unknown>) =>
      errorOf(client.apiCall('chat.startStream', args));
    const thread = { channel: 'C1', thread_ts: root.ts };
    expect(await start({ channel: 'C1', ...to })).toBe('invalid_arguments');
    expect(await start(thread)).toBe('missing_recipient_user_id');
    expect(await start({ ...thread, recipient_user_id: 'U1' })).toBe('missing_recipient_team_id');
    const direct = fake.person('U1').writes('hello');
    expect(await start({ channel: 'D1', thread_ts: direct.ts })).toBe('ok');
    expect(await start({ ...thread, ...to, chunks: [{ type: 'song' }] })).toBe('invalid_chunks');
    const chunks = [
      { type: 'markdown_text', text: 'words' },
      { type: 'task_update', id: 't1', title: 'Looking', status: 'in_progress' },
    ];
    expect(await start({ ...thread, ...to, chunks })).toBe('ok');
    expect(fake.thread('C1', root.ts).at(-1)?.text).toBe('words\nLooking: in_progress\n');
    const foreign = client.chat.appendStream({ ...thread, ts: root.ts, markdown_text: 'x' });
    expect(await errorOf(foreign)).toBe('message_not_owned_by_app');
  });
});

describe('events over Socket Mode, with the real Bolt', () => {
  test.each([
    ['mention-first', ['app_mention', 'message']],
    ['message-first', ['message', 'app_mention']],
  ] as const)('a mention arrives twice, %s', async (twins, types) => {
    const fake = await slack({ mentionEventOrder: twins });
    const { app, heard, events } = await bolt(fake);
    app.event('app_mention', async ({ event, say }) => {
      await say({ text: 'hello', thread_ts: event.ts, ...quiet });
    });
    const files = [{ name: 'plan.pdf' }];
    const root = fake.person('U1').mentions('C1', 'hi', { files });
    await fake.until(() => fake.thread('C1', root.ts).length === 2);
    expect(
      events()
        .map(({ type }) => type)
        .slice(0, 2),
    ).toEqual(types);
    const [first, second] = heard;
    expect(first?.['event_id']).not.toBe(second?.['event_id']);
    const mention = events().find(({ type }) => type === 'app_mention');
    const message = events().find(({ type }) => type === 'message');
    expect(mention).toMatchObject({ ts: root.ts, user: 'U1', channel: 'C1', team: 'T1' });
    expect(mention).not.toHaveProperty('files');
    expect(message).toMatchObject({ subtype: 'file_share', channel_type: 'channel', files });
    await fake.until(() => fake.deliveries().every(({ acked }) => acked));
    expect(fake.deliveries()[0]?.attempts).toMatchObject([{ outcome: 'acked' }]);
    expect(fake.thread('C1', root.ts)[1]).toMatchObject({ author: 'Parley', text: 'hello' });
  });

  test('what the bot writes comes back, what it edits as a change, what it deletes, too', async () => {
    const fake = await slack();
    const { app, events } = await bolt(fake);
    const place = { channel: 'C1', text: 'one', ...quiet };
    const { ts = '' } = await app.client.chat.postMessage(place);
    await app.client.chat.update({ channel: 'C1', ts, text: 'two' });
    await app.client.chat.delete({ channel: 'C1', ts });
    await vi.waitFor(() => expect(events()).toHaveLength(3), soon);
    expect(events()).toMatchObject([
      { type: 'message', bot_id: 'B0T1', user: 'U0T1', ts, text: 'one' },
      {
        subtype: 'message_changed',
        message: { text: 'two', edited: { user: 'U0T1' } },
        previous_message: { text: 'one' },
      },
      { subtype: 'message_deleted', deleted_ts: ts, previous_message: { text: 'two' } },
    ]);
  });

  test('people write, edit, delete, broadcast, leave, open the home', async () => {
    const fake = await slack();
    const { events } = await bolt(fake);
    const ann = fake.person('U1');
    const expectNext = async (...shapes: object[]) => {
      await vi.waitFor(
        () => expect(events().length).toBeGreaterThanOrEqual(seen + shapes.length),
        soon,
      );
      expect(events().slice(seen)).toMatchObject(shapes);
      seen = events().length;
    };
    let seen = 0;
    ann.posts('C9', 'the bot is not here');
    fake.person('U1').posts('G9', 'nor here');
    const root = ann.posts('G1', 'root');
    await expectNext({
      channel: 'G1',
      channel_type: 'group',
      ts: root.ts,
      client_msg_id: expect.any(String),
    });
    fake.person('U2').posts('G1', 'reply', { thread_ts: root.ts });
    await expectNext({ thread_ts: root.ts, parent_user_id: 'U1' });
    ann.posts('G1', 'loud', { thread_ts: root.ts, broadcast: true });
    await expectNext({ subtype: 'thread_broadcast', root: { ts: root.ts, text: 'root' } });
    ann.edits(root, 'root, better');
    await expectNext({ subtype: 'message_changed', message: { text: 'root, better' } });
    ann.edits(root, 'root <@U0T1>');
    await expectNext(
      { type: 'app_mention', ts: root.ts, edited: { user: 'U1' } },
      { subtype: 'message_changed' },
    );
    ann.deletes(root);
    await expectNext({ subtype: 'message_changed', message: { subtype: 'tombstone' } });
    const last = ann.posts('M1', 'last');
    ann.deletes(last);
    await expectNext(
      { channel: 'M1', channel_type: 'mpim' },
      { subtype: 'message_deleted', deleted_ts: last.ts },
    );
    ann.writes('<@U0T1> psst');
    await expectNext({ type: 'message', channel: 'D1', channel_type: 'im' });
    fake.person('U7').posts('C1', 'rain', { subtype: 'bot_message' });
    await expectNext({ subtype: 'bot_message', bot_id: 'B7', username: 'Weather' });
    fake.person('UX').posts('CX', 'from outside');
    await expectNext({ user: 'UX', user_team: 'TX', source_team: 'TX', team: 'TX' });
    ann.opensHome();
    await expectNext({ type: 'app_home_opened', tab: 'messages', user: 'U1', channel: 'D1' });
    fake.admin().removes('C1');
    await expectNext({ type: 'member_left_channel', user: 'U0T1', channel: 'C1' });
    ann.mentions('C1', 'are you there?');
    fake.admin().uninstalls();
    await expectNext({ type: 'app_uninstalled' }, { type: 'tokens_revoked' });
  });

  test('an event comes again until it is acknowledged, then no more', async () => {
    const fake = await slack({ redelivery: { ...hasty, ackWithinMs: 200 } });
    const got = await receiver(fake, async (event) => {
      if (event.retryNum === 1) await event.ack();
    });
    fake.person('U1').writes('hello');
    const delivery = await fake.until(() => fake.deliveries().find(({ acked }) => acked));
    expect(got.map(({ retryNum, retryReason }) => ({ retryNum, retryReason }))).toEqual([
      { retryNum: 0, retryReason: '' },
      { retryNum: 1, retryReason: 'timeout' },
    ]);
    expect(got[0]?.body['event_id']).toBe(got[1]?.body['event_id']);
    expect(delivery.attempts).toMatchObject([
      { outcome: 'timeout', ackedAfterMs: undefined },
      { ackedAfterMs: expect.any(Number) },
    ]);
  });

  test('an event that is never acknowledged is lost after the last attempt', async () => {
    const fake = await slack({ redelivery: hasty });
    const got = await receiver(fake);
    fake.person('U1').writes('hello');
    await fake.until(() => fake.deliveries().some(({ lost }) => lost));
    expect(got.map(({ retryNum }) => retryNum)).toEqual([0, 1, 2, 3]);
  });

  test('an acknowledgement that comes late still counts', async () => {
    const fake = await slack({ redelivery: { ackWithinMs: 30, retryAfterMs: [600_000] } });
    const got = await receiver(fake);
    fake.person('U1').writes('hello');
    const delivery = fake.deliveries()[0]!;
    await vi.waitFor(() => expect(delivery.attempts[0]?.outcome).toBe('timeout'), soon);
    expect(delivery.acked).toBe(false);
    await got[0]?.ack();
    await fake.until(() => delivery.acked);
    expect(delivery.attempts).toMatchObject([{ ackedAfterMs: expect.any(Number) }]);
  });

  test('events while nobody is connected wait for the next attempt, or are lost', async () => {
    const often = Array.from({ length: 1_000 }, () => 10);
    const fake = await slack({ redelivery: { ackWithinMs: 5_000, retryAfterMs: often } });
    fake.person('U1').writes('early');
    await fake.until(() => fake.deliveries()[0]?.attempts.length === 2);
    const { events } = await bolt(fake);
    await fake.until(() => fake.deliveries()[0]?.attempts.at(-1)?.outcome === 'acked');
    expect(events()).toMatchObject([{ text: 'early' }]);
    expect(fake.deliveries()[0]?.attempts[0]).toMatchObject({ outcome: 'no_connection' });

    fake.settings.redelivery = { ackWithinMs: 10, retryAfterMs: [0] };
    fake.sockets.refusing = true;
    fake.sockets.drop();
    await fake.until(() => fake.connections === 0);
    fake.person('U1').writes('missed');
    await fake.until(() => fake.deliveries()[1]?.lost);
    expect(fake.deliveries()[1]?.attempts).toHaveLength(2);
  });

  test('events can come twice, or in another order', async () => {
    const fake = await slack();
    const { heard, events } = await bolt(fake);
    fake.events.duplicateNext(1);
    fake.person('U1').writes('twice');
    await vi.waitFor(() => expect(heard).toHaveLength(2), soon);
    expect(heard[0]?.['event_id']).toBe(heard[1]?.['event_id']);
    const release = fake.events.hold();
    for (const text of ['a', 'b', 'c']) fake.person('U1').writes(text);
    expect(fake.events.held).toHaveLength(3);
    release((held) => held.toReversed());
    await vi.waitFor(() => expect(heard).toHaveLength(5), soon);
    expect(
      events()
        .slice(2)
        .map(({ text }) => text),
    ).toEqual(['c', 'b', 'a']);
  });

  test('several connections take turns', async () => {
    const fake = await slack();
    const [one, two] = [await bolt(fake), await bolt(fake)];
    expect(fake.connections).toBe(2);
    for (let index = 0; index < 6; index += 1) fake.person('U1').writes(`${index}`);
    await fake.until(() => fake.deliveries().every(({ acked }) => acked));
    expect([one.heard.length, two.heard.length]).toEqual([3, 3]);
  });

  test.each([
    ['is recycled', (fake: SlackFake) => fake.sockets.refresh()],
    ['breaks', (fake: SlackFake) => fake.sockets.drop()],
    ['looks open and is not', (fake: SlackFake) => fake.sockets.freeze()],
  ])('a connection that %s is made anew, and events go on', async (_what, cut) => {
    const fake = await slack({ redelivery: hasty });
    const { events } = await bolt(fake);
    cut(fake);
    await fake.until(() => fake.sockets.opened === 2);
    fake.person('U1').writes('still there?');
    await vi.waitFor(() => expect(events()[0]).toMatchObject({ text: 'still there?' }), soon);
  });

  test('the eleventh connection is sent away', async () => {
    const fake = await slack();
    const sockets = await Promise.all(Array.from({ length: 11 }, () => rawSocket(fake)));
    const first = await Promise.all(sockets.map(({ next }) => next()));
    expect(first.filter(({ type }) => type === 'hello')).toHaveLength(10);
    expect(first.filter(({ reason }) => reason === 'too_many_websockets')).toHaveLength(1);
    expect(fake.connections).toBe(10);
  });

  test('an envelope can come without an event, and a way in opens only once', async () => {
    const fake = await slack();
    const { url, next } = await rawSocket(fake);
    expect(await next()).toMatchObject({ type: 'hello', num_connections: 1 });
    fake.admin().limitsEvents();
    expect(await next()).toMatchObject({
      type: 'events_api',
      payload: { type: 'app_rate_limited', team_id: 'T1' },
    });
    const again = new WebSocket(url);
    await new Promise((resolve) => again.addEventListener('error', resolve));
    expect(fake.connections).toBe(1);
  });

  async function rawSocket(fake: SlackFake) {
    const { url = '' } = await clientOf(fake, fake.appToken).apps.connections.open({});
    const socket = new WebSocket(url);
    cleanups.push(() => socket.close());
    const got: Record<string, unknown>[] = [];
    socket.addEventListener('message', ({ data }) => {
      got.push(JSON.parse(String(data)) as Record<string, unknown>);
    });
    const next = () =>
      vi.waitFor(() => {
        const first = got.shift();
        if (first === undefined) throw new Error('nothing came');
        return first;
      }, soon);
    return { url, next };
  }
});

describe('events over HTTP', () => {
  const signingSecret = 'signing-secret';

  async function boltServer(fake: SlackFake) {
    const app = new App({
      token: fake.botToken,
      signingSecret,
      logger: silent,
      clientOptions: { slackApiUrl: fake.apiUrl },
    });
    const texts: unknown[] = [];
    app.message(async ({ message }) => {
      texts.push('text' in message ? message.text : undefined);
      return Promise.resolve();
    });
    const server = await app.start({ port: 0, host: '127.0.0.1' });
    cleanups.push(() => app.stop());
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/slack/events`, texts };
  }

  test('the real Bolt believes the signature and answers the challenge', async () => {
    const fake = await slack();
    const { url, texts } = await boltServer(fake);
    fake.deliverTo(url, signingSecret);
    expect(await fake.verifyUrl()).toBe(true);
    fake.person('U1').writes('hello');
    await fake.until(() => fake.deliveries()[0]?.acked);
    await vi.waitFor(() => expect(texts).toEqual(['hello']), soon);
  });

  test.each([
    ['a wrong secret', 'another', 0],
    ['an old timestamp', signingSecret, -10 * 60_000],
  ])('the real Bolt turns away %s', async (_what, secret, skewMs) => {
    const fake = await slack({ redelivery: patient });
    const { url, texts } = await boltServer(fake);
    fake.deliverTo(url, secret, skewMs);
    fake.person('U1').writes('hello');
    await fake.until(() => fake.deliveries()[0]?.lost);
    expect(fake.deliveries()[0]?.attempts.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 4 }, () => 'http_error'),
    );
    expect(texts).toEqual([]);
  });

  test('what is refused or not answered in time comes again, and says so', async () => {
    const fake = await slack({ redelivery: { ...hasty, ackWithinMs: 300 } });
    const headers: unknown[] = [];
    const url = await endpoint((request, response) => {
      const { 'x-slack-retry-num': number, 'x-slack-retry-reason': reason } = request.headers;
      headers.push([number, reason]);
      if (headers.length === 1) response.writeHead(500).end();
      else if (headers.length === 3) response.writeHead(200).end();
    });
    fake.deliverTo(url, signingSecret);
    fake.person('U1').writes('hello');
    await fake.until(() => fake.deliveries()[0]?.acked);
    expect(headers).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
      ['2', 'http_timeout'],
    ]);
  });

  test('it does not come again if the answer says so; several URLs take turns', async () => {
    const fake = await slack({ redelivery: patient });
    const asked: string[] = [];
    const refusing = await endpoint((_request, response) => {
      asked.push('refusing');
      response.writeHead(500, { 'x-slack-no-retry': '1' }).end();
    });
    const taking = await endpoint((_request, response) => {
      asked.push('taking');
      response.writeHead(200).end();
    });
    fake.deliverTo([taking, refusing], signingSecret);
    fake.person('U1').writes('one');
    await fake.until(() => fake.deliveries()[0]?.lost);
    fake.person('U1').writes('two');
    await fake.until(() => fake.deliveries()[1]?.acked);
    expect(asked).toEqual(['refusing', 'taking']);
  });

  test('nobody listens there', async () => {
    const fake = await slack({ redelivery: { ackWithinMs: 1_000, retryAfterMs: [] } });
    fake.deliverTo('http://127.0.0.1:9/', signingSecret);
    fake.person('U1').writes('hello');
    await fake.until(() => fake.deliveries()[0]?.lost);
    expect(fake.deliveries()[0]?.attempts).toMatchObject([{ outcome: 'connection_failed' }]);
  });
});

test('waiting for what never happens ends, and says for what', async () => {
  const fake = await slack();
  await expect(fake.until(() => fake.connections === 1, 5)).rejects.toThrow(/connections === 1/);
});
