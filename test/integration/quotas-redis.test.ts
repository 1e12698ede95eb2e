import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/domain/errors.ts';
import type { MeterCount, Meter, UsageRow } from '../../src/core/ports/usage.ts';
import { RedisProxy } from '../redis/proxy.ts';
import { keyOf, openStore, ownRedis } from '../redis/open-store.ts';

const meter: Meter = { scope: 'person', id: 'test:T1:U1', unit: 'questions' };
const count: MeterCount = { meter, amount: 1, windowMs: 60_000 };
const row: UsageRow = {
  day: new Date().toISOString().slice(0, 10),
  platform: 'test',
  workspace: 'test:T1',
  person: 'test:T1:U1',
  model: 'a model',
  questions: 1,
  answers: 1,
  inputTokens: 10,
  outputTokens: 5,
  countedTokens: 0,
};

describe('quotas and usage in Redis', () => {
  it('go with their time, and are refused where they are damaged', async () => {
    const server = await ownRedis();
    const { store, prefix, logged } = await openStore(server.url, { usageMs: 2 * 86_400_000 });
    await store.meters.add([count]);
    await store.usage.record(row);
    const [meterKey, usageKey] = [
      await keyOf(server, prefix, 'meter'),
      await keyOf(server, prefix, 'usage'),
    ];
    expect(meterKey).toMatch(/:meter:questions:person:test:T1:U1$/);
    expect(await server.client().pttl(meterKey)).toBeGreaterThan(0);
    // The day itself, and two more.
    const left = await server.client().ttl(usageKey);
    expect(left).toBeGreaterThan(2 * 86_400);
    expect(left).toBeLessThanOrEqual(3 * 86_400);

    await server.client().hset(usageKey, { 'questions {"not": "it"}': '1', 'answers [1]': 'x' });
    expect(await store.usage.read(row.day)).toEqual([row]);
    expect(logged.some(({ event }) => event === 'damaged value left out')).toBe(true);
    await server.client().del(usageKey);
    await server.client().set(usageKey, 'no hash');
    await server.client().del(meterKey);
    await server.client().hset(meterKey, { no: 'number' });
    for (const step of [
      () => store.meters.read([meter]),
      () => store.meters.add([count]),
      () => store.usage.record(row),
      () => store.usage.read(row.day),
    ]) {
      await expect(step()).rejects.toBeInstanceOf(StoreUnavailable);
    }
  });

  it('count once what Redis counted though its answer was lost, and say at once that it is away', async () => {
    const server = await ownRedis();
    const proxy = await RedisProxy.start(server.port);
    onTestFinished(() => proxy.stop());
    const prefix = `test-${randomUUID()}`;
    const { store, logged } = await openStore(proxy.url, { prefix, patienceMs: 20_000 });
    const direct = await openStore(server.url, { prefix });
    await store.meters.add([count]);
    for (const [word, step] of [
      [':meter:', () => store.meters.add([count])],
      ['hincrby', () => store.usage.record(row)],
    ] as const) {
      const lost = proxy.loseAnswerTo(word);
      await expect(step()).rejects.toBeInstanceOf(StoreUnavailable);
      await lost;
      await store.checkWritable();
    }
    expect((await direct.store.meters.read([meter]))[0]!.used).toBe(2);
    expect(await direct.store.usage.read(row.day)).toEqual([row]);

    await server.stop();
    await vi.waitFor(() => expect(logged.at(-1)?.event).toBe('redis is away'), 10_000);
    await expect(store.meters.read([meter])).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.meters.add([count])).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.usage.record(row)).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
