import { expect, it, vi } from 'vitest';
import type { BudgetInstance } from './budget-instance.ts';

type Together = (count: number) => Promise<BudgetInstance[]>;

/** Calls a second of the whole, and calls in a test. */
const perSecond = 0.95;
const enough = 120;

/** Calls in turn where there are few, beside an instance that would take them all. */
export function fewCallsInTurn(together: Together, simulated: Together): void {
  it.each([
    { bursts: [40], demands: [60, 1] },
    { bursts: [4], demands: [6, 1] },
    { bursts: [4], demands: [2, 2] },
    // They do not believe quite the same.
    { bursts: [2.3, 2.2], demands: [2, 2] },
    { bursts: [4], demands: [20, 1, 1, 1, 1] },
    { bursts: [2], demands: [6, 1, 1] },
    { bursts: [1], demands: [3, 1] },
  ])('let nobody starve with $bursts at once, wanted by $demands', async ({ bursts, demands }) => {
    const all = await simulated(demands.length);
    const made = all.map(() => 0);
    const sum = (): number => made.reduce((calls, more) => calls + more, 0);
    while (sum() < enough) {
      for (const [i, each] of all.entries()) {
        vi.advanceTimersByTime(1_000 / all.length);
        const burst = bursts[i] ?? bursts[0]!;
        made[i]! += each.calls();
        await each.tells({ burst, perSecond, demand: demands[i]! });
      }
    }
    const wanted = demands.reduce((calls, more) => calls + more, 0);
    for (const [i, calls] of made.entries()) {
      const due = Math.min(demands[i]! / wanted, 1 / all.length) * sum();
      expect(calls, `of ${made.join(', ')}`).toBeGreaterThan(due / 2);
    }
  });

  it('give back less than a call, so that another instance can have a whole one', async () => {
    const [a, b] = await together(2);
    const two = { burst: 2, demand: 1 };
    await a!.comes({ ...two, own: { burst: 2, perSecond: 1e-6, level: 2 }, whole: true });
    for (const each of [b!, a!, b!, a!, b!]) await each.comes(two);
    expect([a!.own.level, b!.own.level]).toEqual([1, 1]);
  });
}
