import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ModelFailed, type ModelFault } from '../../../src/core/domain/errors.ts';
import type { Model, ModelEvent } from '../../../src/core/ports/model.ts';
import { defaultRetryPolicy, retryDelay, retrying } from '../../../src/models/failover.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { collectAnswer } from '../../fakes/openai/collect-answer.ts';

/** A model whose attempts go as told: each yields its texts, then ends, or throws. */
function scripted(...attempts: { texts?: string[]; error?: Error }[]) {
  const askedAt: number[] = [];
  const model: Model = {
    name: 'scripted',
    async *stream(): AsyncGenerator<ModelEvent> {
      const { texts = [], error } = attempts[askedAt.length] ?? {};
      askedAt.push(Date.now());
      for (const text of texts) yield { type: 'delta', text };
      if (error) throw error;
      yield { type: 'end', reason: 'complete', usage: {} };
    },
  };
  return { model, askedAt };
}

const failed = (fault: ModelFault, retryAfterMs?: number) =>
  new ModelFailed(fault, fault, retryAfterMs === undefined ? {} : { retryAfterMs });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('retrying', () => {
  test('asks again until it goes well, with a growing wait', async () => {
    const { model, askedAt } = scripted(
      { error: failed('overloaded') },
      { error: failed('cut') },
      { texts: ['Here.'] },
    );

    const hearing = collectAnswer(retrying(model, { log: recordingLog(), random: () => 1 }));
    await vi.runAllTimersAsync();

    expect(await hearing).toMatchObject({ text: 'Here.', error: undefined });
    const [first = 0, second = 0, third = 0] = askedAt;
    expect([second - first, third - second]).toEqual([500, 1_000]);
  });

  test('gives up after the last try, with the last fault', async () => {
    const { model, askedAt } = scripted(
      { error: failed('overloaded') },
      { error: failed('stalled') },
      { error: failed('cut') },
    );

    const hearing = collectAnswer(retrying(model, { log: recordingLog() }));
    await vi.runAllTimersAsync();

    expect((await hearing).fault).toBe('cut');
    expect(askedAt).toHaveLength(3);
  });

  test('never asks again once there was text', async () => {
    const { model, askedAt } = scripted({ texts: ['Half'], error: failed('cut') });

    const heard = await collectAnswer(retrying(model, { log: recordingLog() }));

    expect(heard).toMatchObject({ text: 'Half', fault: 'cut' });
    expect(askedAt).toHaveLength(1);
  });

  test('an abort ends the wait with its reason', async () => {
    const { model, askedAt } = scripted({ error: failed('overloaded') });
    const order = new AbortController();
    const reason = new Error('stop');

    const hearing = collectAnswer(retrying(model, { log: recordingLog() }), {
      signal: order.signal,
    });
    await vi.advanceTimersByTimeAsync(10);
    order.abort(reason);

    expect((await hearing).error).toBe(reason);
    expect(askedAt).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('whatever is no ModelFailed goes straight through', async () => {
    const bug = new TypeError('a bug');
    const { model, askedAt } = scripted({ error: bug });

    const heard = await collectAnswer(retrying(model, { log: recordingLog() }));

    expect(heard.error).toBe(bug);
    expect(askedAt).toHaveLength(1);
  });

  test('says so in the log, once for each', async () => {
    const { model } = scripted({ error: failed('rate-limited', 2_000) }, { texts: ['Yes.'] });
    const log = recordingLog();

    const hearing = collectAnswer(retrying(model, { log, random: () => 0 }));
    await vi.runAllTimersAsync();
    await hearing;

    expect(log.events).toMatchObject([
      {
        level: 'warn',
        event: 'model request retried',
        fields: { model: 'scripted', fault: 'rate-limited', attempt: 1, delayMs: 2_250 },
      },
    ]);
  });
});

describe('the wait before the next try', () => {
  const delay = (error: ModelFailed, attempt = 1, random = 0.5) =>
    retryDelay(error, attempt, { ...defaultRetryPolicy, tries: 20 }, () => random);

  test.each<ModelFault>(['rate-limited', 'overloaded', 'unreachable', 'stalled', 'cut', 'empty'])(
    '%s may pass',
    (fault) => expect(delay(failed(fault))).toBe(375),
  );

  test.each<ModelFault>([
    'quota',
    'unauthorized',
    'unknown-model',
    'too-long',
    'refused',
    'malformed',
    'unknown',
  ])('%s will not pass', (fault) => expect(delay(failed(fault))).toBeUndefined());

  test('an empty answer is looked at twice, no more', () => {
    expect(delay(failed('empty'), 2)).toBeUndefined();
  });

  test('doubles up to a bound, half of it chance', () => {
    expect([1, 2, 3, 4, 5, 6, 12].map((attempt) => delay(failed('cut'), attempt, 1))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
    ]);
    expect(delay(failed('cut'), 1, 0)).toBe(250);
  });

  test('is never shorter than the provider asks', () => {
    expect(delay(failed('rate-limited', 59_999), 1, 0)).toBeGreaterThanOrEqual(59_999);
  });

  test('is not made when the provider asks for a minute or more', () => {
    expect(delay(failed('rate-limited', 60_000))).toBeUndefined();
  });
});
