import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noMetrics } from '../../src/core/ports/metrics.ts';
import { failover } from '../../src/models/failover.ts';
import { openAiModel } from '../../src/models/openai-client.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { fastRetries, collectAnswer } from '../fakes/openai/collect-answer.ts';
import { type OpenAiFake, type Script, startOpenAiFake } from '../fakes/openai/server.ts';

let fake: OpenAiFake;
beforeEach(async () => {
  fake = await startOpenAiFake();
});
afterEach(() => fake.close());

/** Two models at the same server, the first of which does as the script says, in time if ever. */
function two(first: Script, timeouts: { firstTokenMs?: number } = {}) {
  const log = recordingLog();
  fake.use((reply, request) =>
    request.body['model'] === 'first'
      ? first(reply, request)
      : reply.text('One ', 'whole ', 'answer.').finish(),
  );
  const models = ['first', 'second'].map((model) =>
    openAiModel({
      ...(model === 'first' ? { timeouts } : {}),
      model,
      baseUrl: fake.url,
      retries: { ...fastRetries, tries: 2, patienceMs: 1_000 },
      log,
    }),
  );
  const asked = (): unknown[] => fake.requests.map(({ body }) => body['model']);
  return { model: failover(models, { log, metrics: noMetrics }), asked, log };
}

const twice = ['first', 'first', 'second'];
const once = ['first', 'second'];

describe('a second model answers', () => {
  test.for<[string, Script, string, string[]]>([
    ['fails on its side', (reply) => reply.status(500), 'overloaded', twice],
    [
      'refuses the key',
      (reply) => reply.status(401, { error: { code: 'invalid_api_key', message: 'no' } }),
      'unauthorized',
      once,
    ],
    [
      'is not known',
      (reply) => reply.status(404, { error: { code: 'model_not_found', message: 'no' } }),
      'unknown-model',
      once,
    ],
    ['says nothing', (reply) => reply.headers().gone(), 'stalled', twice],
    ['hangs up before its first text', (reply) => reply.begin().cut(), 'cut', twice],
    [
      'asks for more patience than anybody has',
      (reply) => reply.status(429, { error: { message: 'slow' } }, { 'retry-after': '30' }),
      'rate-limited',
      once,
    ],
    [
      'has no room for the question',
      (reply) => reply.status(400, { error: { code: 'context_length_exceeded', message: 'no' } }),
      'too-long',
      once,
    ],
  ])('where the first one %s', async ([, script, fault, requests]) => {
    const { model, asked, log } = two(script, fault === 'stalled' ? { firstTokenMs: 100 } : {});
    const heard = await collectAnswer(model);
    expect(heard).toMatchObject({
      text: 'One whole answer.',
      error: undefined,
      end: { usage: { model: 'second', inputTokens: 7, outputTokens: 5 } },
    });
    expect(asked()).toEqual(requests);
    expect(log.events.filter(({ event }) => event === 'model failed over')).toMatchObject([
      { level: 'warn', fields: { from: 'first', to: 'second', fault } },
    ]);
  });

  test('is not asked once the first one has written', async () => {
    const { model, asked } = two((reply) => reply.text('Half an ').cut());
    expect(await collectAnswer(model)).toMatchObject({ text: 'Half an ', fault: 'cut' });
    expect(asked()).toEqual(['first']);
  });

  test('is not asked for what the first one refused', async () => {
    const { model, asked } = two((reply) => reply.begin().finish('content-filter'));
    expect(await collectAnswer(model)).toMatchObject({ text: '', fault: 'refused' });
    expect(asked()).toEqual(['first']);
  });
});
