import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientAddresses, type ConnectionLimits } from '../../src/server/connections.ts';
import { createServer, type HttpServer } from '../../src/server/http-server.ts';
import { httpEvents } from '../../src/platforms/slack/receive/http-events.ts';
import { Hono } from 'hono';
import { recordingLog } from '../fakes/recording-log.ts';
import { signedHeaders } from '../fakes/slack/signature.ts';
import { Browser } from '../worlds/web-world.ts';

const signingSecret = 'a signing secret';
const piece = randomBytes(64 * 1_024);

let server: HttpServer;
let port: number;
let log: ReturnType<typeof recordingLog>;
let sockets: Socket[];
/** How often each path was answered. */
let answered: Map<string, number>;
let events: unknown[];

beforeEach(() => {
  sockets = [];
  answered = new Map();
  events = [];
  log = recordingLog();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

async function start(limits: Partial<ConnectionLimits> = {}, proxies: string[] = []) {
  server = createServer({
    host: '127.0.0.1',
    port: 0,
    log,
    health: { check: () => Promise.resolve() },
    addresses: new ClientAddresses(proxies),
    limits,
  });
  const routes = new Hono();
  routes.use(async (c, next) => {
    answered.set(c.req.path, (answered.get(c.req.path) ?? 0) + 1);
    return next();
  });
  routes.get('/large', (c) =>
    c.body(new ReadableStream({ pull: (controller) => controller.enqueue(piece) })),
  );
  routes.get('/open', (c) => c.body(new ReadableStream({})));
  routes.post('/read', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
  server.mount(routes);
  const take = async (body: unknown): Promise<void> => void events.push(body);
  server.mountListener('/slack/events', httpEvents({ signingSecret, log, take }));
  port = (await server.listen()).port;
}

/** A connection of whoever wants nothing good: what it writes, it does not read. */
async function connection(text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

async function expectServed(): Promise<void> {
  expect((await new Browser(port).get('/healthz')).status).toBe(200);
  const body = JSON.stringify({ type: 'event_callback', event: {} });
  const headers = { 'content-type': 'application/json', ...signedHeaders(signingSecret, body) };
  const sent = await new Browser(port).ask('/slack/events', { method: 'POST', body, headers });
  expect(sent.status).toBe(200);
}

it('answers a few requests at once on a connection, and closes one that sends a thousand', async () => {
  await start();
  const polite = await connection(get('/open').repeat(8));
  await vi.waitFor(() => expect(answered.get('/open')).toBe(8));
  expect(polite.destroyed).toBe(false);
  const flood = await connection(get('/large').repeat(1_000));
  await new Promise((resolve) => flood.resume().once('close', resolve));
  expect(answered.get('/large') ?? 0).toBeLessThanOrEqual(8);
  await expectServed();
});

it.each(['', get('/open'), get('/large'), `POST /read HTTP/1.1\r\nContent-Length: 9\r\n\r\n`])(
  'lets health and Slack’s events in beside connections that never read: %j',
  async (text) => {
    await start({ connections: 40, requests: 30 });
    for (let made = 0; made < 200; made += 1) await connection(text);
    await expectServed();
    // And others, in their turn.
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await read(20)).status).toBe(200));
    expect(log.events.length).toBeLessThan(10);
  },
);

it('lets them in beside connections that only look like Slack’s', async () => {
  await start({ connections: 40 });
  const headers =
    `X-Slack-Signature: v0=${'a'.repeat(64)}\r\n` +
    `X-Slack-Request-Timestamp: ${Math.floor(Date.now() / 1_000)}\r\n`;
  for (let made = 0; made < 60; made += 1) {
    const socket = await connection(
      `POST /slack/events HTTP/1.1\r\nHost: x\r\n${headers}Expect: 100-continue\r\nContent-Length: 99\r\n\r\n`,
    );
    // Each is known as one of Slack's before the next one comes.
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
  }
  await expectServed();
});

it('closes connections that wait for nothing before those that read', async () => {
  await start({ connections: 20 });
  const reading = await connection(get('/large'));
  let bytes = 0;
  reading.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await vi.waitFor(() => expect(bytes).toBeGreaterThan(0));
  const idle = await Promise.all(Array.from({ length: 40 }, () => connection('')));
  await vi.waitFor(() =>
    expect(idle.some((socket) => socket.destroyed || socket.closed)).toBe(true),
  );
  const before = bytes;
  await vi.waitFor(() => expect(bytes).toBeGreaterThan(before));
  expect(reading.destroyed).toBe(false);
});

it('closes no more connections than there are too many', async () => {
  await start({ connections: 40 });
  // At once: those that were closed are not all gone yet when the next ones come.
  const made = Array.from({ length: 80 }, () => connection(get('/open')));
  for (const socket of await Promise.all(made)) socket.resume();
  const open = (): number => sockets.filter(({ destroyed }) => !destroyed).length;
  await vi.waitFor(() => expect(open()).toBeLessThanOrEqual(40));
  await expectServed();
  expect(open()).toBeGreaterThanOrEqual(36);
  await expectServed();
});

it('takes no more than it can hold of what is being sent', async () => {
  await start({ bodyBytes: 100_000 });
  await connection('POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n');
  await vi.waitFor(() => expect(answered.get('/read')).toBe(1));
  expect((await read(20_000)).status).toBe(503);
  expect((await read(5_000)).status).toBe(200);
});

describe('one address', () => {
  it('has its share of the requests, as a trusted proxy tells it', async () => {
    await start({ requestsPerAddress: 3 }, ['127.0.0.1']);
    const from = (address: string) => get('/open', `X-Forwarded-For: 1.2.3.4, ${address}\r\n`);
    for (let made = 0; made < 3; made += 1) await connection(from('203.0.113.7'));
    await vi.waitFor(() => expect(answered.get('/open')).toBe(3));
    const ask = (address: string) =>
      new Browser(port).ask('/read', { method: 'POST', headers: { 'X-Forwarded-For': address } });
    expect((await ask('203.0.113.7')).status).toBe(503);
    expect((await ask('203.0.113.8')).status).toBe(200);
  });

  it('is nobody’s behind a proxy that nobody trusts', async () => {
    await start({ requestsPerAddress: 3 });
    for (let made = 0; made < 5; made += 1) {
      await connection(get('/open', 'X-Forwarded-For: 203.0.113.7\r\n'));
    }
    await vi.waitFor(() => expect(answered.get('/open')).toBe(5));
  });
});

describe('what nobody signed at Slack’s path', () => {
  const event = (headers: string, length: number): string =>
    `POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n`;
  const forged = (): string => {
    const signature = `X-Slack-Signature: v0=${'0'.repeat(64)}\r\n`;
    return `${signature}X-Slack-Request-Timestamp: ${Math.floor(Date.now() / 1_000)}\r\n`;
  };

  it.each([
    ['without a signature', () => event('', 1_000_000), '401'],
    ['too large', () => event(forged(), 2_000_000), '413'],
  ])('is refused %s before it is sent', async (_, head, status) => {
    await start();
    const socket = await connection(head());
    const [answer] = await new Promise<[Buffer]>((resolve) =>
      socket.once('data', (data: Buffer) => resolve([data])),
    );
    expect(String(answer)).toContain(`HTTP/1.1 ${status}`);
  });

  it('is held within 4 MiB, the oldest given up first, and Slack’s own comes through', async () => {
    await start();
    const half = 'x'.repeat(900_000);
    for (let made = 0; made < 30; made += 1) await connection(event(forged(), 1_000_000) + half);
    await vi.waitFor(() => expect(sockets[0]?.bytesRead).toBeGreaterThan(0));
    await expectServed();
  });

  it.each(['null', '[]', '1', '"x"', '{', '', '{"type":"event_callback","event":null}'])(
    'ends nothing though it is signed and odd: %s',
    async (body) => {
      await start();
      const headers = { 'content-type': 'application/json', ...signedHeaders(signingSecret, body) };
      const { status } = await new Browser(port).ask('/slack/events', {
        method: 'POST',
        body,
        headers,
      });
      expect(status).toBe(body.startsWith('{"type"') ? 200 : 400);
      await expectServed();
    },
  );
});

it('counts what strangers cause as often as they like, in a line a minute', async () => {
  await start();
  for (let sent = 0; sent < 50; sent += 1) {
    await new Browser(port).ask('/slack/events', { method: 'POST', body: '{}' });
  }
  expect(log.events).toHaveLength(1);
  expect(log.events[0]).toMatchObject({ event: 'Slack request refused with HTTP 401' });
});

async function read(bytes: number) {
  return new Browser(port).ask('/read', { method: 'POST', body: Buffer.alloc(bytes) });
}
