import { expect, it, vi } from 'vitest';
import type { BudgetInstance } from './budget-instance.ts';

/** What Discord grants in any second; calls of a little more may arrive in one. */
const most = 50;
const spanMs = 1_030;
/** What is shared of it. */
const shared = { burst: 6, perSecond: 42 };

const stepMs = 5;

/** Grants no more than `most` calls in any span. */
class SlidingLimit {
  refused = 0;
  readonly granted: number[] = [];

  call(): void {
    const now = performance.now();
    const earlier = this.granted.at(-most) ?? Number.NEGATIVE_INFINITY;
    if (earlier > now - spanMs) this.refused += 1;
    else this.granted.push(now);
  }
}

/** How calls are shared that a platform counts by the second. */
export function manyCallsPerSecond(simulated: (count: number) => Promise<BudgetInstance[]>): void {
  /**
   * All make each call that they may, but for seconds in which all are quiet. `demandOf` is
   * undefined for one that is not there.
   */
  async function simulate(options: {
    instances: number;
    burst: number;
    seconds: number;
    readonly demandOf: (instance: number, second: number) => number | undefined;
    readonly isQuiet?: (second: number) => boolean;
  }) {
    const { instances, burst, seconds, demandOf, isQuiet = () => false } = options;
    const all = await simulated(instances);
    const limit = new SlidingLimit();
    const made = all.map(() => 0);
    for (let ms = 0; ms < seconds * 1_000; ms += stepMs) {
      vi.advanceTimersByTime(stepMs);
      for (const [i, each] of all.entries()) {
        const second = Math.floor(ms / 1_000);
        const demand = demandOf(i, second);
        if (demand === undefined) continue;
        const calls = isQuiet(second) ? 0 : each.calls();
        made[i]! += calls;
        for (let call = 0; call < calls; call += 1) limit.call();
        // Each comes once a second, one after the other.
        const at = Math.floor((i * 1_000) / instances / stepMs) * stepMs;
        if (ms % 1_000 === at) await each.tells({ ...shared, burst, demand });
      }
    }
    return { limit, made };
  }

  const even = (count: number): number[] => Array.from({ length: count }, () => 5);
  it.each([
    { burst: 6, demands: even(2) },
    { burst: 6, demands: even(6) },
    { burst: 6, demands: even(8) },
    { burst: 6, demands: even(12) },
    // They learned from refusals that there are fewer at once.
    { burst: 1.2, demands: even(3) },
    { burst: 6, demands: [20, 1, 1, 1, 1] },
    { burst: 6, demands: [60, 1, 1, 1, 1, 1, 1, 1] },
  ])('flow where there are many a second, $burst at once, wanted by $demands', async (given) => {
    const { burst, demands } = given;
    const seconds = 60;
    const demandOf = (instance: number): number => demands[instance]!;
    const instances = demands.length;
    const { limit, made } = await simulate({ instances, burst, seconds, demandOf });
    expect(limit.refused).toBe(0);
    const rate = shared.perSecond - Math.max(0, instances - burst);
    expect(limit.granted.length).toBeGreaterThan(0.8 * rate * seconds);
    const wanted = demands.reduce((sum, more) => sum + more, 0);
    for (const [i, calls] of made.entries()) {
      const due = 0.95 * (demands[i]! / wanted) + 0.05 / instances;
      expect(calls, `of ${made.join(', ')}`).toBeGreaterThan(0.8 * due * limit.granted.length);
    }
  });

  it.each([2, 6, 8, 12, 20])(
    'are no more than burst and rate in any second, also when %i begin at once',
    async (instances) => {
      const { limit } = await simulate({
        instances,
        burst: shared.burst,
        seconds: 60,
        demandOf: () => 5,
        isQuiet: (second) => second % 5 < 3,
      });
      expect(limit.refused).toBe(0);
      const rate = shared.perSecond - Math.max(0, instances - shared.burst);
      expect(limit.granted.length).toBeGreaterThan(0.8 * rate * 24);
    },
  );

  it('flow as the platform allows while demands change and instances fall silent', async () => {
    const { limit, made } = await simulate({
      instances: 9,
      burst: shared.burst,
      seconds: 120,
      demandOf(instance, second) {
        const phase = Math.floor(second / 5) + instance;
        // One of them is silent for longer than it is waited for, and then comes again.
        if (instance === 8 && second % 60 < 30) return undefined;
        return phase % 3 === 0 ? 20 : 1;
      },
    });
    expect(limit.refused).toBe(0);
    expect(limit.granted.length).toBeGreaterThan(0.7 * 39 * 120);
    for (const calls of made) expect(calls, `of ${made.join(', ')}`).toBeGreaterThan(60);
  });

  it('are not handed out beside rates that were reduced for what is beyond the burst', async () => {
    const all = await simulated(30);
    for (let round = 0; round < 4; round += 1) {
      for (const each of all) {
        each.calls();
        await each.tells({ ...shared, demand: 5 });
      }
      vi.advanceTimersByTime(4_000);
    }
    expect(all.map((each) => each.calls())).toEqual(all.map(() => 1));
    for (const each of all) await each.tells({ ...shared, demand: 5 });
    vi.advanceTimersByTime(140);
    const before = all[0]!.own.level;
    await all[0]!.tells({ ...shared, demand: 5 });
    expect(before).toBe(0);
    expect(all[0]!.last?.gained).toBe(0);
  });

  it('go in turn where there are few a second', async () => {
    const all = await simulated(3);
    const few = { burst: 2, perSecond: 4.8, demand: 1 };
    for (let second = 0; second < 20; second += 1) {
      for (const each of all) {
        vi.advanceTimersByTime(333);
        each.calls();
        await each.tells(few);
        expect(each.own.perSecond).toBe(0);
        expect(all.reduce((sum, { own }) => sum + own.level, 0)).toBeLessThanOrEqual(2);
      }
    }
  });
}
