import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it as test, vi } from 'vitest';
import { BadConfiguration } from '../../src/core/domain/errors.ts';
import { HealthServer } from '../../src/server/health-server.ts';
import { createServer } from '../../src/server/http-server.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { startParley } from '../processes/parley-process.ts';
import { freePort } from '../redis/server.ts';

/** They wait for threads, processes and connections of their own. */
const it = test.concurrent;
const freezable = new URL('../processes/freezable-loop.ts', import.meta.url).href;
const place = { host: '127.0.0.1', port: 0, log: recordingLog() };
const ready = { check: () => Promise.resolve() };

/** What is told at a path: status, body and when to ask again. */
async function told(base: string, path: string): Promise<unknown[]> {
  const response = await fetch(new URL(path, base));
  return [response.status, await response.json(), response.headers.get('retry-after')];
}

it('tells what the page’s port tells', async ({ onTestFinished }) => {
  const health = { check: (): Promise<void> => Promise.resolve() };
  const page = createServer({ ...place, health });
  const own = new HealthServer({ ...place, health });
  const [{ port }, url] = [await page.listen(), await own.listen()];
  onTestFinished(() => Promise.all([page.close(), own.close()]).then(() => undefined));
  const expectSame = async (status: number): Promise<void> => {
    await vi.waitFor(async () =>
      expect((await fetch(new URL('/readyz', url))).status).toBe(status),
    );
    for (const path of ['/healthz', '/readyz', '/readyz?why', '/elsewhere']) {
      expect(await told(url, path)).toEqual(await told(`http://127.0.0.1:${port}`, path));
    }
  };
  await expectSame(200);
  health.check = () => Promise.reject(new Error('the disk is full'));
  await own.update();
  await expectSame(503);
});

it('looks by itself whether the process is ready', async ({ onTestFinished }) => {
  const health = { check: (): Promise<void> => Promise.reject(new Error('the disk is full')) };
  const server = new HealthServer({ ...place, health, checkEveryMs: 20 });
  const url = new URL('/readyz', await server.listen());
  onTestFinished(() => server.close());
  expect((await fetch(url)).status).toBe(503);
  health.check = () => Promise.resolve();
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200));
});

it('tells what was looked at last, whatever an older look finds later', async ({
  onTestFinished,
}) => {
  const health = { check: (): Promise<void> => Promise.resolve() };
  const server = new HealthServer({ ...place, health });
  const url = new URL('/readyz', await server.listen());
  onTestFinished(() => server.close());
  const slow = Promise.withResolvers<void>();
  health.check = () => slow.promise;
  const older = server.update();
  health.check = () => Promise.reject(new Error('the service is stopping'));
  await server.update();
  slow.resolve();
  await older;
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(503));
  expect((await fetch(url)).status).toBe(503);
});

it('holds twenty connections, the newest, and none that says nothing', async ({
  onTestFinished,
}) => {
  const server = new HealthServer({ ...place, health: ready });
  const url = await server.listen();
  onTestFinished(() => server.close());
  const closed = new Set<Socket>();
  const sockets = Array.from({ length: 30 }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').resume();
    return socket.on('error', () => {}).once('close', () => closed.add(socket));
  });
  await vi.waitFor(() => expect(closed.size).toBe(10));
  expect((await fetch(url)).status).toBe(200);
  await vi.waitFor(() => expect(closed.size).toBe(sockets.length), 10_000);
  expect((await fetch(url)).status).toBe(200);
});

it('says which port is taken, and which address the machine has not', async ({
  onTestFinished,
}) => {
  const first = new HealthServer({ ...place, health: ready });
  const port = Number(new URL(await first.listen()).port);
  onTestFinished(() => first.close());
  const second = new HealthServer({ ...place, port, health: ready }).listen();
  await expect(second).rejects.toThrow(BadConfiguration);
  await expect(second).rejects.toThrow(
    `HEALTH_PORT: port ${port} is taken, by another program or by PORT or METRICS_PORT; choose`,
  );
  const elsewhere = new HealthServer({ ...place, host: '203.0.113.1', health: ready }).listen();
  await expect(elsewhere).rejects.toThrow('HEALTH_HOST: this machine has no address "203.0.113.1"');
});

it('answers beside an event loop that is busy, says when that hangs, and ends as always', async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-freeze-'));
  const freezing = join(folder, 'freezing');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const base = `http://127.0.0.1:${await freePort()}`;
  const parley = await startParley({
    HEALTH_PORT: new URL(base).port,
    NODE_OPTIONS: `--import=${freezable}`,
    FREEZE_WHILE: freezing,
  });
  onTestFinished(() => parley.stop().then(() => undefined));
  expect(parley.output).toContain(`; health on ${base}/healthz"`);
  const alive = [200, { alive: true }, null];
  expect(await told(base, '/healthz')).toEqual(alive);

  writeFileSync(freezing, '');
  parley.signal('SIGUSR2');
  const blocked = fetch(`${parley.url}/healthz`);
  expect(await told(base, '/healthz')).toEqual(alive);
  expect(await told(base, '/readyz')).toEqual([200, { ready: true }, null]);
  const reason = expect.stringMatching(/^the event loop has stood still for 1\d s$/);
  await vi.waitFor(
    async () => expect(await told(base, '/healthz')).toEqual([503, { alive: false, reason }, '5']),
    { timeout: 20_000, interval: 500 },
  );
  expect(await told(base, '/readyz')).toEqual([503, { ready: false, reason }, '5']);

  rmSync(freezing);
  expect((await blocked).status).toBe(200);
  await vi.waitFor(async () => expect(await told(base, '/healthz')).toEqual(alive), 5_000);
  expect(await parley.interrupt()).toBe(0);
  await expect(fetch(base)).rejects.toThrow('fetch failed');
});
