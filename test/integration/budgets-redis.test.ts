import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Budget } from '../../src/core/ports/surface.ts';
import { Pacer } from '../../src/core/reply/pacing/pacer.ts';
import { BudgetSharing } from '../../src/core/reply/pacing/budget-sharing.ts';
import { busyReply, EnforcedRateLimit } from '../fakes/enforced-rate-limit.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';
import type { RedisServer } from '../redis/server.ts';

/** Believed a little smaller than it is, as with all platforms. */
const calls: Budget = { key: 'calls', burst: 40, perSecond: 12 };
const platformOf = (): EnforcedRateLimit => new EnforcedRateLimit(44, 12.5);

/** Instances with a connection of their own each, which know of each other. */
async function instances(server: RedisServer, count: number) {
  const prefix = 'parley';
  const all = [];
  for (let i = 0; i < count; i += 1) {
    const { store } = await openStore(server.url, { prefix, patienceMs: 500 });
    const log = recordingLog();
    const shares = new BudgetSharing({ budgets: store.budgets, owner: `${i}`, log });
    await shares.start();
    onTestFinished(() => shares.stop());
    all.push({ shares, log, pacer: new Pacer({ log: recordingLog(), sharing: shares }) });
  }
  return all;
}

describe('instances that share budgets in Redis', () => {
  it('overdraw nothing, and go on with what they had while it is away', async () => {
    const server = await ownRedis({ appendonly: true });
    const all = await instances(server, 3);
    const platform = platformOf();
    const lanes = all.map(({ pacer }) => {
      const lane = busyReply(calls, platform);
      pacer.register(lane, { own: [calls], alternative: [] }).changed();
      return lane;
    });
    await vi.waitFor(
      () => {
        for (const { made } of lanes) expect(made.length).toBeGreaterThan(20);
      },
      { timeout: 20_000 },
    );
    await server.kill9();
    const before = lanes.map(({ made }) => made.length);
    await vi.waitFor(
      () => {
        expect(all.map(({ log }) => log.events.at(-1)?.event)).toEqual(
          Array.from(all, () => 'budgets not shared; the last share is kept'),
        );
        for (const [i, { made }] of lanes.entries()) {
          expect(made.length).toBeGreaterThan(before[i]! + 10);
        }
      },
      { timeout: 20_000 },
    );
    await server.restart();
    const away = lanes.map(({ made }) => made.length);
    await vi.waitFor(
      () => {
        expect(all.map(({ log }) => log.events.at(-1)?.event)).toEqual(
          Array.from(all, () => 'budgets are shared again'),
        );
        for (const [i, { made }] of lanes.entries()) {
          expect(made.length).toBeGreaterThan(away[i]! + 10);
        }
      },
      { timeout: 20_000 },
    );
    expect(platform.refused).toEqual([]);
  });

  it('begin anew with a budget whose books are damaged', async () => {
    const server = await ownRedis();
    const [one] = await instances(server, 2);
    const platform = platformOf();
    const lane = busyReply(calls, platform);
    one!.pacer.register(lane, { own: [calls], alternative: [] }).changed();
    const client = server.client();
    const key = 'parley:{*}:budgets';
    const books = await vi.waitFor(async () => {
      const [found] = await client.keys(key);
      expect(found).toBeDefined();
      return found!;
    }, 10_000);
    for (const damaged of ['nonsense', '{"level":[]}', '7']) {
      await client.hset(books, calls.key, damaged);
      await vi.waitFor(
        async () => {
          const book = JSON.parse((await client.hget(books, calls.key)) ?? '') as object;
          expect(book).toHaveProperty('slices.0.demand', 1);
        },
        { timeout: 10_000 },
      );
    }
    expect(lane.made.length).toBeGreaterThan(0);
    expect(one!.log.events).toEqual([]);
  });
});
