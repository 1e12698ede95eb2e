import { afterEach, describe, expect, it, vi } from 'vitest';
import { manyCallsPerSecond } from './many-calls-per-second.ts';
import { fewCallsInTurn } from './few-calls-in-turn.ts';
import { BudgetInstance } from './budget-instance.ts';
import type { OpenBudgets, OpenedBudgets, ClockChoice } from './open-budgets.ts';

/** Of one that goes on, so that another one is gone soon. */
const shortLeaseMs = 300;
const sure = 1e6;

function held(...instances: BudgetInstance[]): number {
  return instances.reduce((sum, { own }) => sum + own.level, 0);
}

/** The contract of budget allocators. */
export function budgetsContract(name: string, open: OpenBudgets): void {
  describe(`${name} as shared budgets`, () => {
    let opened: OpenedBudgets | undefined;
    afterEach(async () => {
      await opened?.dispose();
      opened = undefined;
      vi.useRealTimers();
    });

    async function instances(...owners: string[]): Promise<BudgetInstance[]> {
      return instancesIn('own', owners);
    }
    async function instancesIn(
      time: ClockChoice,
      owners: readonly string[],
    ): Promise<BudgetInstance[]> {
      opened = await open(time);
      const { budgets } = opened;
      return owners.map((owner) => new BudgetInstance(budgets, owner));
    }
    /** So many that know of each other. */
    async function together(count: number, time: ClockChoice = 'own'): Promise<BudgetInstance[]> {
      const owners = Array.from({ length: count }, (_, i) => `${i}`);
      const all = await instancesIn(time, owners);
      await expect
        .poll(async () => {
          for (const each of all) await each.isThere();
          return all.every(({ settled, members }) => settled && members === count);
        })
        .toBe(true);
      return all;
    }
    async function two(): Promise<[BudgetInstance, BudgetInstance]> {
      const [a, b] = await together(2);
      return [a!, b!];
    }

    it('give all of it to one that is alone', async () => {
      const [a] = await instances('a');
      await a!.isThere();
      expect(a).toMatchObject({ members: 1, settled: true });
      const own = { burst: 40, perSecond: 1e-6, level: 40 };
      const share = await a!.comes({ own, whole: true });
      expect(share?.burst).toBe(40);
      expect(share?.perSecond).toBeCloseTo(1e-6, 12);
      expect(share?.gained).toBe(0);
      expect(share?.most).toBeGreaterThan(40);
    });

    it('give a new instance nothing before all others have reported again', async () => {
      const [a, b] = await instances('a', 'b');
      await a!.comes({ own: { burst: 40, perSecond: 1e-6, level: 40 }, whole: true });
      await b!.comes();
      expect(b).toMatchObject({ members: 2, settled: false });
      expect(b!.own.level).toBe(0);
      await b!.comes();
      expect(b).toMatchObject({ settled: false });
      await a!.comes({ whole: true });
      await expect
        .poll(async () => {
          await b!.comes();
          return b!.settled;
        })
        .toBe(true);
    });

    it('move what one has to another only once it was given back', async () => {
      const [a, b] = await two();
      a.own = { burst: 40, perSecond: 1e-6, level: 40 };
      await a.comes({ whole: true });
      await b.comes();
      await a.comes({ own: { burst: 40, perSecond: 1e-6, level: 40 }, whole: true });
      // It was told to keep half, but has not said that it heard.
      expect(a.own.level).toBeLessThan(22);
      expect(a.own.perSecond).toBeLessThan(0.6e-6);
      await b.comes();
      expect(b.own.level).toBeLessThan(1);
      expect(b.own.burst).toBeLessThan(1);
      expect(b.own.perSecond).toBeLessThan(1e-9);
      await a.comes();
      await b.comes();
      expect(b.own.level).toBeGreaterThan(15);
      expect(b.own.burst).toBeGreaterThan(15);
      expect(b.own.perSecond).toBeGreaterThan(0.4e-6);
      expect(held(a, b)).toBeLessThanOrEqual(40);
      expect(a.own.burst + b.own.burst).toBeLessThanOrEqual(40);
      expect(a.own.perSecond + b.own.perSecond).toBeLessThanOrEqual(1e-6);
    });

    it('let shares follow the demand', async () => {
      const [a, b] = await two();
      for (let round = 0; round < 4; round += 1) {
        await a.comes({ demand: 9 });
        await b.comes({ demand: 1 });
      }
      expect(a.own.level).toBeGreaterThan(2.5 * b.own.level);
      expect(b.own.level).toBeGreaterThan(1);
      expect(a.own.perSecond).toBeGreaterThan(5 * b.own.perSecond);
      expect(a.own.perSecond + b.own.perSecond).toBeLessThanOrEqual(1e-6);
      for (let round = 0; round < 4; round += 1) {
        await a.comes({ demand: 1 });
        await b.comes({ demand: 9 });
      }
      expect(b.own.level).toBeGreaterThan(2.5 * a.own.level);
    });

    it('never hold more than the bucket, whatever is spent and by whom', async () => {
      const [a, b] = await two();
      let spent = 0;
      for (let round = 0; round < 30; round += 1) {
        const one = round % 3 === 0 ? a : b;
        const calls = Math.floor(one.own.level * ((round % 5) / 5));
        spent += calls;
        await one.spends(calls);
        expect(spent + held(a, b)).toBeLessThanOrEqual(40.01);
      }
      expect(spent).toBeGreaterThan(30);
    });

    it('keep a reserve for first and final texts, of whichever instance', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b, a, b]) await each.comes();
      expect(held(a, b)).toBeLessThanOrEqual(36.01);
      await a.spends(Math.floor(a.own.level));
      const before = a.own.level;
      await a.comes({ urgent: 4 });
      expect(a.own.level).toBeGreaterThanOrEqual(Math.max(3.9, before));
      expect(held(a, b)).toBeLessThanOrEqual(40);
    });

    it('give whole calls in turn where there are fewer than instances', async () => {
      const [a, b] = await two();
      const one = { burst: 1 };
      for (const each of [a, b, a, b]) await each.comes(one);
      expect([0, 1]).toContain(a.own.level);
      expect(held(a, b)).toBe(1);
      const [has, lacks] = a.own.level === 1 ? [a, b] : [b, a];
      await has.comes({ ...one, own: { ...has.own, level: 0 }, spent: 1 });
      await lacks.comes(one);
      expect(held(a, b)).toBe(0);
    });

    it('count what one had as spent when it is gone, and give its place to the others', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b, a, b]) await each.comes();
      const level = a.own.level;
      a.leaseMs = shortLeaseMs;
      await expect
        .poll(async () => {
          await a.comes();
          return a.members;
        })
        .toBe(1);
      expect(a.own.burst).toBe(40);
      expect(a.own.level).toBeGreaterThan(level);
      expect(a.own.level + b.own.level).toBeLessThanOrEqual(40);
    });

    it('free at once what an instance had that no longer uses it', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b, a, b]) await each.comes();
      await b.comes({ leaves: true, demand: 0, own: { burst: 5, perSecond: 1e-8, level: 5 } });
      await a.comes();
      expect(a.own.level).toBeGreaterThan(30);
      expect(a.own.level + 5).toBeLessThanOrEqual(40);
      await b.leaves();
      await a.comes();
      expect(a.members).toBe(1);
      expect(a.own.burst).toBe(40);
    });

    it('leave everybody what they had while the store was away', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b, a, b]) await each.comes();
      const before = a.own.level;
      const silentSince = performance.now();
      a.leaseMs = 5;
      await expect.poll(() => performance.now() - silentSince).toBeGreaterThan(2 * a.leaseMs);
      await a.comes();
      expect(a.members).toBe(2);
      expect(a.own.level).toBeLessThan(before + 1);
    });

    it('give nothing more when the stored data is lost', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b]) await each.comes();
      await a.spends(Math.floor(a.own.level));
      const before = held(a, b);
      await opened?.lose();
      await a.comes();
      expect(a.settled).toBe(false);
      for (const each of [b, a, b, a, b]) await each.comes();
      expect(a).toMatchObject({ members: 2, settled: true });
      expect(held(a, b)).toBeLessThanOrEqual(before + 0.01);
    });

    it('tell all of a pause, and take what they had', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b]) await each.comes();
      expect(b.own.level).toBeGreaterThan(5);
      await a.comes({ pauseMs: 30_000, own: { ...a.own, level: 1 } });
      expect(a.last?.pauseMs).toBeUndefined();
      await b.comes();
      expect(b.last?.pauseMs).toBeGreaterThan(29_000);
      expect(b.last?.pauseMs).toBeLessThanOrEqual(30_000);
      expect(held(a, b)).toBeLessThanOrEqual(1);
      await b.comes({ pauseMs: b.last?.pauseMs ?? 0 });
      expect(b.last?.pauseMs).toBeUndefined();
    });

    it('tell of a pause that was over before it was reported', async () => {
      const [a, b] = await two();
      for (const each of [a, b, a, b]) await each.comes();
      await a.comes({ pauseMs: -50, own: { ...a.own, level: 1 } });
      await b.comes();
      expect(b.last?.pauseMs).toBeLessThanOrEqual(-50);
      expect(held(a, b)).toBeLessThanOrEqual(1.01);
    });

    it('tell all the latest observation of a 429', async () => {
      const [a, b] = await two();
      await a.comes({ lessons: { burst: { value: 8, ageMs: sure } } });
      await b.comes();
      expect(b.last?.lessons.burst?.value).toBe(8);
      expect(b.last?.lessons.burst?.ageMs).toBeGreaterThanOrEqual(sure);
      await b.comes({ lessons: { burst: { value: 6, ageMs: 10 } } });
      await a.comes({ lessons: { burst: { value: 8, ageMs: sure } } });
      expect(a.last?.lessons.burst?.value).toBe(6);
    });

    /** The same in a time that passes only as `vi` is told. */
    function simulated(count: number): Promise<BudgetInstance[]> {
      vi.useFakeTimers({ toFake: ['performance'] });
      return together(count, 'here');
    }

    fewCallsInTurn(together, simulated);
    manyCallsPerSecond(simulated);
  });
}
