import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimited } from '../../../../../src/core/domain/errors.ts';
import type { Budget } from '../../../../../src/core/ports/surface.ts';
import { RateLimiter } from '../../../../../src/core/reply/pacing/rate-limiter.ts';
import { Pacer } from '../../../../../src/core/reply/pacing/pacer.ts';
import type { ScheduledReply } from '../../../../../src/core/reply/pacing/scheduled-reply.ts';
import { BudgetSharing } from '../../../../../src/core/reply/pacing/budget-sharing.ts';
import { FakeBudgetAllocator } from '../../../../fakes/fake-budget-allocator.ts';
import { busyReply, EnforcedRateLimit } from '../../../../fakes/enforced-rate-limit.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const edits: Budget = { key: 'edits', burst: 40, perSecond: 0.8 };

/** Instances that share budgets; they know of each other when this resolves. */
async function instances(count: number, budgets = new FakeBudgetAllocator()) {
  const all = Array.from({ length: count }, (_, i) => {
    const log = recordingLog();
    const shares = new BudgetSharing({ budgets, owner: `${i}`, log });
    return { shares, log, pacer: new Pacer({ log, sharing: shares }) };
  });
  for (const { shares } of all) await shares.start();
  await vi.advanceTimersByTimeAsync(1_100);
  return { all, budgets };
}

function enlist(pacer: Pacer, ...lanes: ScheduledReply[]) {
  return lanes.map((lane) => {
    const place = pacer.register(lane, { own: [edits], alternative: [] });
    place.changed();
    return place;
  });
}

describe('shares of a budget', () => {
  it('are no different from a budget of one’s own for an instance that is alone', async () => {
    const { all } = await instances(1);
    const shared = [3, 9, 30].map((most) =>
      busyReply(edits, new EnforcedRateLimit(99, 99), { most }),
    );
    const own = [3, 9, 30].map((most) => busyReply(edits, new EnforcedRateLimit(99, 99), { most }));
    enlist(all[0]!.pacer, ...shared);
    enlist(new Pacer({ log: recordingLog() }), ...own);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shared.map(({ made }) => made)).toEqual(own.map(({ made }) => made));
    expect(own[2]?.made.length).toBeGreaterThan(20);
  });

  it.each([
    { what: 'evenly', lanes: [5, 5, 5] },
    { what: 'nearly all on one', lanes: [13, 1, 1] },
    { what: 'all on one of them', lanes: [15, 0, 0] },
  ])('overdraw nothing and leave little unused, $what', async ({ lanes }) => {
    const { all } = await instances(3);
    const platform = new EnforcedRateLimit(40, 0.8);
    const made = lanes.flatMap((count, i) => {
      const some = Array.from({ length: count }, () => busyReply(edits, platform));
      enlist(all[i]!.pacer, ...some);
      return some;
    });
    const alone = new EnforcedRateLimit(40, 0.8);
    const own = Array.from({ length: 15 }, () => busyReply(edits, alone));
    enlist(new Pacer({ log: recordingLog() }), ...own);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(platform.refused).toEqual([]);
    expect(platform.granted.length).toBeGreaterThan(0.9 * alone.granted.length);
    for (const lane of made) expect(lane.made.length).toBeGreaterThan(3);
  });

  it('overdraw nothing while replies come and go everywhere', async () => {
    const { all } = await instances(3);
    const platform = new EnforcedRateLimit(40, 0.8);
    for (let round = 0; round < 60; round += 1) {
      const lane = busyReply(edits, platform, {
        rank: round % 2 === 0 ? 'live' : 'final',
        most: 7,
      });
      const [place] = enlist(all[(round * round) % 3]!.pacer, lane);
      setTimeout(() => place!.unregister(), 11_000);
      await vi.advanceTimersByTimeAsync(3_000);
    }
    expect(platform.refused).toEqual([]);
    expect(platform.granted.length).toBeGreaterThan(0.8 * (40 + 180 * 0.8));
  });

  it('let a first post go at once where another instance holds the budget', async () => {
    const { all } = await instances(3);
    const platform = new EnforcedRateLimit(40, 0.8);
    enlist(all[0]!.pacer, ...Array.from({ length: 9 }, () => busyReply(edits, platform)));
    await vi.advanceTimersByTimeAsync(90_300);
    const first = busyReply(edits, platform, { rank: 'first', most: 1 });
    const now = performance.now();
    enlist(all[1]!.pacer, first);
    await vi.advanceTimersByTimeAsync(1);
    expect(first.made).toEqual([now]);
    expect(platform.refused).toEqual([]);
  });

  it.each([{ lanes: [6, 1] }, { lanes: [6, 2, 2] }, { lanes: [20, 1, 1, 1, 1] }])(
    'let first posts go everywhere where $lanes wait in one channel',
    async ({ lanes }) => {
      const { all } = await instances(lanes.length);
      const posts: Budget = { key: 'posts', burst: 4, perSecond: 0.95 };
      const platform = new EnforcedRateLimit(5, 1);
      const waiting = lanes.map((count, i) => {
        const some = Array.from({ length: count }, () =>
          busyReply(posts, platform, { rank: 'first' }),
        );
        for (const lane of some)
          all[i]!.pacer.register(lane, { own: [], alternative: [posts] }).changed();
        return some;
      });
      await vi.advanceTimersByTimeAsync(60_000);
      for (const some of waiting) {
        expect(some.flatMap(({ made }) => made).length).toBeGreaterThan(5);
      }
      expect(platform.granted.length).toBeGreaterThan(0.85 * (4 + 60 * 0.95));
      expect(platform.refused).toEqual([]);
    },
  );

  it.each([
    { lanes: [5, 5, 5, 5, 5, 5, 5, 5], rate: 40 },
    { lanes: [20, 1, 1, 1, 1], rate: 42 },
    { lanes: [20, 0, 0, 0, 0, 0], rate: 40 },
  ])('let replies flow where a platform grants many calls a second, $lanes', async (given) => {
    const { lanes, rate } = given;
    const { all } = await instances(lanes.length);
    const swift: Budget = { key: 'everywhere', burst: 6, perSecond: 42 };
    const platform = new EnforcedRateLimit(8, 42);
    const made = lanes.map((count, i) => {
      const some = Array.from({ length: count }, () => busyReply(swift, platform));
      for (const lane of some)
        all[i]!.pacer.register(lane, { own: [swift], alternative: [] }).changed();
      return some;
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(platform.refused).toEqual([]);
    expect(platform.granted.length).toBeGreaterThan(0.9 * 30 * rate);
    for (const lane of made.flat()) expect(lane.made.length).toBeGreaterThan(10);
  });

  it('are expected to be even ones while none is allocated', async () => {
    const { all } = await instances(3);
    const lane = busyReply(edits, new EnforcedRateLimit(99, 99));
    const [handle] = enlist(all[0]!.pacer, lane);
    await vi.advanceTimersByTimeAsync(1);
    // Three instances, 40 calls to spend in 6 s beside 0.8 a second.
    expect(handle!.updateIntervalMs()).toBeCloseTo((1_000 * 3) / (0.8 + 40 / 6), -1);
  });

  it('have a reserve for final texts, wherever they wait', async () => {
    const { all } = await instances(2);
    const platform = new EnforcedRateLimit(40, 0.8);
    enlist(all[0]!.pacer, ...Array.from({ length: 9 }, () => busyReply(edits, platform)));
    await vi.advanceTimersByTimeAsync(90_300);
    const finals = Array.from({ length: 20 }, () => {
      return busyReply(edits, platform, { rank: 'final', most: 1 });
    });
    enlist(all[1]!.pacer, ...finals);
    await vi.advanceTimersByTimeAsync(1_000);
    // What is set aside for an instance, and a tenth of all.
    expect(finals.flatMap(({ made }) => made).length).toBeGreaterThanOrEqual(5 + 4);
    expect(platform.refused).toEqual([]);
  });

  it('go to the others when an instance dies', async () => {
    const { all } = await instances(3);
    const platform = new EnforcedRateLimit(40, 0.8);
    const lanes = all.map(({ pacer }) => {
      const lane = busyReply(edits, platform);
      return { lane, place: enlist(pacer, lane)[0]! };
    });
    await vi.advanceTimersByTimeAsync(60_000);
    for (const i of [1, 2]) {
      lanes[i]!.place.unregister();
      // As if it was killed: it says nothing any more.
      vi.spyOn(FakeBudgetAllocator.prototype, 'release').mockResolvedValue(undefined);
      await all[i]!.shares.stop();
    }
    const before = lanes[0]!.lane.made.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(platform.refused).toEqual([]);
    expect(lanes[0]!.lane.made.length - before).toBeGreaterThan(0.85 * 60 * 0.8);
    vi.restoreAllMocks();
  });

  it('keep what they were while nobody can be asked', async () => {
    const { all, budgets } = await instances(2);
    const platform = new EnforcedRateLimit(40, 0.8);
    const lanes = all.map(({ pacer }) => {
      const lane = busyReply(edits, platform);
      enlist(pacer, lane);
      return lane;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    budgets.fault = new Error('away');
    const before = lanes.map(({ made }) => made.length);
    await vi.advanceTimersByTimeAsync(60_000);
    for (const [i, { made }] of lanes.entries()) {
      expect(made.length - before[i]!).toBeGreaterThan(0.85 * 30 * 0.8);
    }
    budgets.fault = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(platform.refused).toEqual([]);
    expect(platform.granted.length).toBeGreaterThan(0.85 * (40 + 180 * 0.8));
    const loud = all[0]!.log.events.filter(({ level }) => level !== 'debug');
    expect(loud.map(({ event }) => event)).toEqual([
      'budgets not shared; the last share is kept',
      'budgets are shared again',
    ]);
  });

  it('hold a pause that another instance was asked for', async () => {
    const { all } = await instances(2);
    const platform = new EnforcedRateLimit(40, 0.8);
    const lanes = all.map(({ pacer }) => {
      const lane = busyReply(edits, platform, { rank: 'final' });
      enlist(pacer, lane);
      return lane;
    });
    await vi.advanceTimersByTimeAsync(10_000);
    vi.spyOn(platform, 'call').mockImplementationOnce(() => {
      throw new RateLimited(20_000);
    });
    await vi.advanceTimersByTimeAsync(4_000);
    const before = lanes.map(({ made }) => made.length);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(lanes.map(({ made }) => made.length)).toEqual(before);
    await vi.advanceTimersByTimeAsync(20_000);
    for (const [i, { made }] of lanes.entries()) expect(made.length).toBeGreaterThan(before[i]!);
    // There is one call at the end of a pause, for all of them.
    const since = platform.granted.filter((at) => at > performance.now() - 20_500);
    expect(since.length).toBeLessThanOrEqual(1 + 20.5 * 0.8);
  });

  it('go on after a refusal that comes when what was lent is let go of', async () => {
    const { all } = await instances(3);
    const posts: Budget = { key: 'posts', burst: 4, perSecond: 0.95 };
    const platform = new EnforcedRateLimit(2, 0.4);
    const late = { rank: 'first', latencyMs: 1_900 } as const;
    for (const i of [0, 0, 0, 1, 1, 1, 2]) {
      const lane = busyReply(posts, platform, late);
      all[i]!.pacer.register(lane, { own: [], alternative: [posts] }).changed();
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(platform.refused.length).toBeGreaterThan(0);
    const before = platform.granted.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(platform.granted.length - before).toBeGreaterThan(0.7 * 60 * 0.4);
  });

  it('believe what refusals taught another instance', async () => {
    const { all } = await instances(2);
    const platform = new EnforcedRateLimit(8, 0.2);
    const busy = busyReply(edits, platform);
    enlist(all[0]!.pacer, busy);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(platform.refused.length).toBeGreaterThan(0);
    const now = performance.now();
    const limiter = new RateLimiter(edits, now);
    all[1]!.shares.add(
      { key: edits.key, limiter, demand: () => 1, urgent: () => 0, changed() {} },
      now,
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(limiter.whole(performance.now()).burst).toBeLessThan(20);
  });

  it('are given up before another instance has them', async () => {
    const { all } = await instances(2);
    const platform = new EnforcedRateLimit(40, 0.8);
    const finals = (most: number) => busyReply(edits, platform, { rank: 'final', most });
    const places = all.flatMap(({ pacer }) => enlist(pacer, finals(1)));
    await vi.advanceTimersByTimeAsync(6_000);
    places[0]!.unregister();
    await vi.advanceTimersByTimeAsync(3_000);
    enlist(all[1]!.pacer, finals(40));
    enlist(all[0]!.pacer, finals(40));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(platform.granted.length).toBeGreaterThan(30);
    expect(platform.refused).toEqual([]);
  });

  it('take one step a second, whatever is said and however many budgets there are', async () => {
    const { all, budgets } = await instances(1);
    const platform = new EnforcedRateLimit(1e6, 1e6);
    const many = Array.from({ length: 200 }, (_, i) => ({ ...edits, key: `k${i}` }));
    for (const budget of many) {
      all[0]!.pacer
        .register(busyReply(budget, platform), { own: [budget], alternative: [] })
        .changed();
    }
    const before = budgets.trips;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(platform.granted.length).toBeGreaterThan(2_000);
    expect(budgets.trips - before).toBeLessThanOrEqual(10);
  });

  it('end with the instance, so that the others need not wait', async () => {
    const { all } = await instances(2);
    await all[1]!.shares.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    const platform = new EnforcedRateLimit(40, 0.8);
    const own = busyReply(edits, platform, { rank: 'final', most: 40 });
    enlist(all[0]!.pacer, own);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(own.made).toHaveLength(40);
  });
});
