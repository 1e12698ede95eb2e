import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { CoreOptions } from '../../src/core/create-core.ts';
import { type MetricsService, createMetricsService } from '../../src/wiring/metrics.ts';
import { startParley } from '../processes/parley-process.ts';
import { type Scrape, scrape } from '../fakes/scrape-metrics.ts';
import { WebClient } from '../fakes/web-client.ts';
import { freePort, startRedis } from '../redis/server.ts';
import { WebWorld } from '../worlds/web-world.ts';

/** A page on a store that may grow to little more than what it keeps free, with figures. */
class SmallWorld extends WebWorld {
  override maxPages = 300;
  #service!: MetricsService;
  #url = '';

  protected override get core(): Partial<CoreOptions> {
    return { ...super.core, metrics: this.#service.metrics };
  }

  override async start(): Promise<void> {
    this.#service = await createMetricsService({ host: '127.0.0.1', port: 0, log: this.log });
    await super.start();
    const { store, platform, dispatcher } = this;
    const load = () => dispatcher.load;
    this.#url = await this.#service.start({ store, load, platforms: [platform] });
  }

  protected override async closeOthers(): Promise<void> {
    await this.#service.close();
    await super.closeOthers();
  }

  look(): Promise<Scrape> {
    return scrape(this.#url);
  }
}

it('a disk that is full is told to whoever asks, and to whoever watches, until there is room', async () => {
  const world = new SmallWorld();
  onTestFinished(() => world.end());
  await world.start();
  world.answerEverything(() => 'Yes.');
  expect((await world.look()).samples.get('parley_store_up')).toBe(1);

  // What people wrote fills it.
  const ana = await world.visitor();
  const long = 'x'.repeat(45_000);
  const here = randomUUID();
  let turns = 0;
  let answer = await ana.say(here, long);
  for (; answer.status === 202; answer = await ana.say(here, long))
    await world.turnsDone((turns += 1));
  expect(turns).toBeGreaterThan(1);
  expect(answer).toMatchObject({
    status: 503,
    text: JSON.stringify({ error: 'Parley’s disk is full; tell whoever runs Parley.' }),
  });
  const full = await world.look();
  expect(full.samples.get('parley_store_up')).toBe(0);
  expect(full.samples.get('parley_inbox_waiting')).toBe(0);
  const refused = 'parley_questions_refused_total{platform="web",reason="store"}';
  expect(full.samples.get(refused)).toBeGreaterThan(0);
  expect(await ana.get('/readyz')).toMatchObject({ status: 503 });

  // Somebody makes room.
  for (const conversation of await world.store.recentlyActive('web', 0)) {
    await world.store.forgetConversation(conversation);
  }
  expect(await ana.say(here, 'And now?')).toMatchObject({ status: 202 });
  await vi.waitFor(
    async () => expect((await world.look()).samples.get('parley_store_up')).toBe(1),
    { timeout: 10_000, interval: 100 },
  );
  expect(await ana.get('/readyz')).toMatchObject({ status: 200 });
});

it('a Redis that is full is told to whoever asks, watches and looks for it, until there is room', async () => {
  const redis = await startRedis({ args: ['--maxmemory', '3mb'] });
  onTestFinished(() => redis.stop());
  const port = await freePort();
  const parley = await startParley({ REDIS_URL: redis.url, METRICS_PORT: `${port}` });
  onTestFinished(async () => void (await parley.stop()));
  const up = async (): Promise<number | undefined> =>
    (await scrape(`http://127.0.0.1:${port}/metrics`)).samples.get('parley_store_up');
  expect(await up()).toBe(1);

  const client = redis.client();
  await client.setrange('something else', 2 * 1_024 * 1_024, 'x');
  const visitor = await new WebClient(parley.url).login();
  const here = randomUUID();
  await expect(visitor.send(here, 'Is there room?')).rejects.toThrow(
    '503 {"error":"The memory of Redis is full; tell whoever runs Parley."}',
  );
  expect(await up()).toBe(0);
  const { code, stdout } = await parley.command('doctor');
  expect(code).toBe(1);
  expect(stdout).toContain('✗ Writes: Redis has no memory left (maxmemory)\n');
  expect(stdout).toContain('raise maxmemory in redis.conf or at the hoster');
  expect(stdout).toMatch(/! Memory: \d MB of 3 MB in use\n/);

  expect(await parley.command('turns', 'list')).toMatchObject({ code: 0, stderr: '' });

  await client.del('something else');
  await vi.waitFor(async () => expect(await up()).toBe(1), { timeout: 15_000, interval: 100 });
  await visitor.send(here, 'And now?');
  await vi.waitFor(() => expect(parley.output).toContain('"msg":"turn done"'), { timeout: 15_000 });
});
