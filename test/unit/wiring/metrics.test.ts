import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import type { QueueDepth } from '../../../src/core/ports/store.ts';
import type { GaugeSources } from '../../../src/metrics/gauges.ts';
import { createMetricsService } from '../../../src/wiring/metrics.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { type Scrape, scrape } from '../../fakes/scrape-metrics.ts';

const idle = { writing: 0, inLine: 0, conversations: 0, leases: 0, paused: false };

/** A store in which nothing waits, and which takes what it is given. */
const well: GaugeSources['store'] = {
  queueDepth: () => Promise.resolve({ waiting: 0, running: 0 }),
  checkWritable: () => Promise.resolve(),
};

/** Figures on a free port, of a service that is at what the test says. */
async function begin(sources: Partial<GaugeSources> = {}) {
  const service = await createMetricsService({ host: '127.0.0.1', port: 0, log: recordingLog() });
  onTestFinished(() => service.close());
  const url = await service.start({
    store: well,
    load: () => idle,
    platforms: [{ name: 'slack' }],
    ...sources,
  });
  return { url, metrics: service.metrics, look: (): Promise<Scrape> => scrape(url) };
}

it('tells what the core is at, at the moment at which it is asked', async () => {
  let load = { writing: 3, inLine: 2, conversations: 5, leases: 4, paused: true };
  const { look } = await begin({ load: () => load });
  const figures = async () => {
    const { samples } = await look();
    return [
      'model_answers_writing',
      'model_answers_waiting',
      'conversations_active',
      'leases_held',
      'paused',
    ].map((name) => samples.get(`parley_${name}`));
  };
  expect(await figures()).toEqual([3, 2, 5, 4, 1]);
  load = idle;
  expect(await figures()).toEqual([0, 0, 0, 0, 0]);
});

it('outlives what is no address', async () => {
  const { url, look } = await begin();
  for (const path of ['//', '//:', '///metrics', '/metrics?%', '*']) {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(url, { path }, (response) => resolve(response.resume().statusCode));
      asked.on('error', reject).end();
    });
    expect(answer, path).toBe(path.startsWith('/metrics') ? 200 : 404);
  }
  expect((await look()).samples.get('parley_store_up')).toBe(1);
});

it.each([
  ['127.0.0.1', { localhost: 200, '127.0.0.1:9464': 200, '[::1]:9464': 200, parley: 403 }],
  ['0.0.0.0', { localhost: 200, '10.0.0.7:9464': 200, 'parley:9464': 200, 'parley.local': 200 }],
  ['127.0.0.1', { 'evil.example': 403, 'evil.example:9464': 403, '127.0.0.1.evil.example': 403 }],
  ['0.0.0.0', { 'evil.example': 403, 'evil.example:9464': 403, 'localhost.evil.example': 403 }],
])('tells them at %s to whoever asks by the names %o', async (host, names) => {
  const service = await createMetricsService({ host, port: 0, log: recordingLog() });
  onTestFinished(() => service.close());
  const url = new URL(await service.start({ store: well, load: () => idle, platforms: [] }));
  url.hostname = '127.0.0.1';
  for (const [name, status] of Object.entries(names)) {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(url, { headers: { Host: name } }, (response) =>
        resolve(response.resume().statusCode),
      );
      asked.on('error', reject).end();
    });
    expect(answer, name).toBe(status);
  }
});

it('tells what waits in the store, and of a store that is away only that', async () => {
  const depths: (QueueDepth | Error)[] = [
    { waiting: 2, running: 1, oldestWaitMs: 1_500 },
    new Error('away'),
  ];
  for (const depth of depths) {
    const { look } = await begin({
      store: {
        ...well,
        queueDepth: () => (depth instanceof Error ? Promise.reject(depth) : Promise.resolve(depth)),
      },
    });
    const { samples } = await look();
    const found = ['store_up', 'inbox_waiting', 'inbox_running', 'inbox_oldest_seconds'].map(
      (name) => samples.get(`parley_${name}`),
    );
    const away = [0, undefined, undefined, undefined];
    expect(found).toEqual(depth instanceof Error ? away : [1, 2, 1, 1.5]);
  }
});

it('tells of a store that is full that it is down, and what waits in it all the same', async () => {
  const { look } = await begin({
    store: { ...well, checkWritable: () => Promise.reject(new Error('full')) },
  });
  const { samples } = await look();
  expect(samples.get('parley_store_up')).toBe(0);
  expect(samples.get('parley_inbox_waiting')).toBe(0);
});

it('tells which platforms are heard, and which of them here', async () => {
  const states = { slack: { up: false }, discord: { up: true, listens: false } };
  const { look } = await begin({
    platforms: [
      { name: 'slack', state: () => states.slack },
      { name: 'discord', state: () => states.discord },
      { name: 'web' },
    ],
  });
  const { samples } = await look();
  expect(samples.get('parley_up{platform="slack"}')).toBe(0);
  expect(samples.get('parley_up{platform="discord"}')).toBe(1);
  expect(samples.get('parley_up{platform="web"}')).toBe(1);
  expect(samples.get('parley_listener{platform="discord"}')).toBe(0);
  expect(samples.has('parley_listener{platform="slack"}')).toBe(false);
});

it('tells the age of the oldest unseen text for as long as its reply is written', async () => {
  const { metrics, look } = await begin();
  const age = async () =>
    (await look()).samples.get('parley_unseen_text_oldest_seconds{platform="slack"}');
  const over = [
    metrics.replyStarted('slack', () => 1_250),
    metrics.replyStarted('slack', () => 2_500),
  ];
  expect(await age()).toBe(2.5);
  over[1]!();
  expect(await age()).toBe(1.25);
  over[0]!();
  expect(await age()).toBe(0);
});

it('counts a request to a model once, however often it is told of its end', async () => {
  const { metrics, look } = await begin();
  const asking = metrics.requestStarted('m');
  asking.gotText();
  asking.gotText();
  // What a provider counts is not to be trusted.
  asking.ended('done', { inputTokens: 7, outputTokens: Number.NaN });
  asking.ended('left');
  metrics.requestStarted('m').ended('stalled');
  const { samples } = await look();
  expect(samples.get('parley_model_requests_total{model="m",result="done"}')).toBe(1);
  expect(samples.get('parley_model_requests_total{model="m",result="stalled"}')).toBe(1);
  expect(samples.has('parley_model_requests_total{model="m",result="left"}')).toBe(false);
  expect(samples.get('parley_model_first_text_seconds_count{model="m"}')).toBe(1);
  expect(samples.get('parley_model_request_duration_seconds_count{model="m"}')).toBe(2);
  expect(samples.get('parley_model_tokens_total{direction="input",model="m"}')).toBe(7);
  expect(samples.get('parley_model_tokens_total{direction="output",model="m"}')).toBe(0);
});

it('counts in seconds', async () => {
  const { metrics, look } = await begin();
  metrics.turnEnded('slack', 'done', 2_500);
  metrics.firstTextShown('slack', 800, -20);
  metrics.textShown('slack', 1_500);
  metrics.platformCalled('slack', 'chat.update', 'failed', 6_000);
  metrics.questionAccepted('slack');
  metrics.questionRefused('slack', 'store');
  const { samples } = await look();
  expect(samples.get('parley_turn_duration_seconds_sum{platform="slack"}')).toBe(2.5);
  expect(samples.get('parley_first_text_seconds_sum{platform="slack"}')).toBe(0.8);
  expect(samples.get('parley_first_text_since_asked_seconds_sum{platform="slack"}')).toBe(0);
  expect(samples.get('parley_unseen_text_age_seconds_bucket{le="1.5",platform="slack"}')).toBe(1);
  expect(samples.get('parley_unseen_text_age_seconds_bucket{le="1",platform="slack"}')).toBe(0);
  const call = 'method="chat.update",platform="slack"';
  expect(samples.get(`parley_platform_call_duration_seconds_sum{${call}}`)).toBe(6);
  expect(samples.get(`parley_platform_calls_total{${call},result="failed"}`)).toBe(1);
  expect(samples.get('parley_questions_total{platform="slack"}')).toBe(1);
  expect(samples.get('parley_questions_refused_total{platform="slack",reason="store"}')).toBe(1);
});

it('names an address that cannot be had, and what to do', async () => {
  const listenOn = async (host: string, port: number) => {
    const service = await createMetricsService({ host, port, log: recordingLog() });
    return service.start({ store: well, load: () => idle, platforms: [] });
  };
  await expect(listenOn('192.0.2.1', 0)).rejects.toThrow(
    'METRICS_HOST: this machine has no address "192.0.2.1"; use one that it has, such as',
  );
});
