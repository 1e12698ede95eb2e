import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BadConfiguration, StoreUnavailable } from '../../src/core/domain/errors.ts';
import { createServer } from '../../src/server/http-server.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { Browser, WebWorld } from '../worlds/web-world.ts';

let world: WebWorld;

beforeEach(async () => {
  world = new WebWorld();
  await world.start();
});

afterEach(() => world.end());

it('serves 200 open pages of ten browsers, and every one shows the answer', async () => {
  world.model.onRequest = (writing) => writing.write('Here we').write(' all are.').end();
  const opened = Array.from({ length: 10 }, async () => {
    const visitor = await world.visitor();
    const here = randomUUID();
    const pages = await Promise.all(Array.from({ length: 20 }, () => visitor.open(here)));
    await visitor.say(here, 'All together now');
    return pages;
  });
  const pages = (await Promise.all(opened)).flat();
  const whole = ['you: All together now', 'parley: Here we all are.'];
  await vi.waitFor(
    () =>
      expect(pages.filter(({ transcript }) => transcript.join() === whole.join())).toHaveLength(
        200,
      ),
    { timeout: 10_000 },
  );
  for (const page of pages) page.close();
});

it('counts nobody as an open page who asked for the headers alone', async () => {
  const ana = await world.visitor();
  const here = randomUUID();
  const path = `/api/conversations/${here}/events`;
  for (let asked = 0; asked < 1_100; asked += 50) {
    const heads = Array.from({ length: 50 }, () => ana.ask(path, { method: 'HEAD' }));
    const statuses = (await Promise.all(heads)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  const page = await ana.open(here);
  expect(page.status).toBe(200);
  page.close();
});

it('ends open pages when it closes, so that the process can end', async () => {
  const ana = await world.visitor();
  const pages = await Promise.all(Array.from({ length: 20 }, () => ana.open(randomUUID())));
  await world.stop();
  await Promise.all(pages.map(({ done }) => done));
  expect(pages.every(({ ended }) => ended)).toBe(true);
  await world.start();
});

it('goes on when a page goes away in the middle of an answer', async () => {
  const ana = await world.visitor();
  const here = randomUUID();
  const leaving = await ana.open(here);
  const staying = await ana.open(here);
  await ana.say(here, 'Hello?');
  await vi.waitFor(() => expect(world.model.answers).toHaveLength(1));
  const [reply] = world.model.answers;
  reply!.write('Still');
  await vi.waitFor(() => expect(leaving.growing).toBe('Still'));
  leaving.close();
  await leaving.done;
  reply!.write(' here.').end();
  await vi.waitFor(() =>
    expect(staying.transcript).toEqual(['you: Hello?', 'parley: Still here.']),
  );
  staying.close();
});

it('counts requests that their clients give up, and logs a line a minute of them', async () => {
  const ana = await world.visitor();
  const cookie = [...ana.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const head = [
    `POST /api/conversations/${randomUUID()}/messages HTTP/1.1`,
    `Host: 127.0.0.1:${world.port}`,
    'Content-Type: application/json',
    'Content-Length: 1000',
    `Cookie: ${cookie}`,
  ].join('\r\n');
  for (let made = 0; made < 20; made += 1) {
    const socket = connect(world.port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(`${head}\r\n\r\n{`, () => resolve()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroy();
    await closed;
  }
  const isAborted = { event: expect.stringMatching(/request aborted by its client$/) };
  await vi.waitFor(() =>
    expect(world.log.events).toContainEqual(expect.objectContaining(isAborted)),
  );
  const complaints = world.log.events.filter(({ level }) => level === 'warn' || level === 'error');
  // Some are given up before they are looked at, and some while they are read.
  expect(complaints.length).toBeLessThanOrEqual(2);
  for (const complaint of complaints) expect(complaint).toMatchObject(isAborted);
});

it('says that it lives, whatever the state of the store and the name it is called by', async () => {
  vi.spyOn(world.store, 'checkWritable').mockRejectedValue(
    new StoreUnavailable('full', 'the disk is full'),
  );
  const prober = new Browser(world.port);
  const headers = { Host: 'parley.internal' };
  expect(await prober.get('/healthz', headers)).toMatchObject({ status: 200 });
  expect(await prober.get('/readyz', headers)).toMatchObject({
    status: 503,
    text: JSON.stringify({ ready: false, reason: 'the disk is full' }),
  });
  vi.restoreAllMocks();
  expect(await prober.get('/readyz', headers)).toMatchObject({
    status: 200,
    text: JSON.stringify({ ready: true }),
  });
});

it('says which port is taken, and what to do about it', async () => {
  const second = createServer({
    host: '127.0.0.1',
    port: world.port,
    log: recordingLog(),
    health: { check: () => Promise.resolve() },
  });
  const refused = await second.listen().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BadConfiguration);
  expect((refused as Error).message).toContain(String(world.port));
  expect((refused as Error).message).toContain(`PORT=${world.port + 1}`);
  await second.close();
});

it('says so when the machine has no such address', async () => {
  const options = { port: 0, log: recordingLog(), health: { check: () => Promise.resolve() } };
  const refused = createServer({ ...options, host: '203.0.113.1' }).listen();
  await expect(refused).rejects.toThrow(/HOST/);
});

it('hands what lies below a path to a plain listener, and nothing else', async () => {
  const server = createServer({
    host: '127.0.0.1',
    port: 0,
    log: recordingLog(),
    health: { check: () => Promise.resolve() },
  });
  server.mountListener('/slack/events', (request, response) => {
    response.end(`raw ${request.url}`);
  });
  const { port } = await server.listen();
  const caller = new Browser(port);
  expect((await caller.get('/slack/events')).text).toBe('raw /slack/events');
  expect((await caller.get('/slack/events?a=b')).text).toBe('raw /slack/events?a=b');
  expect((await caller.get('/slack/events/x')).text).toBe('raw /slack/events/x');
  expect((await caller.get('/slack/eventsx')).status).toBe(404);
  await server.close();
});

it.each(['GET / HTTP/1.1\r\n\r\n', 'nonsense\r\n\r\n', 'GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n'])(
  'survives what is no request: %j',
  async (bytes) => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(world.port, '127.0.0.1', () => socket.end(bytes));
      socket.on('close', () => resolve());
      socket.on('error', reject);
      socket.resume();
    });
    expect((await new Browser(world.port).get('/healthz')).status).toBe(200);
  },
);
