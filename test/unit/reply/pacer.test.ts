import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimited } from '../../../src/core/errors.ts';
import type { Budget } from '../../../src/core/ports/surface.ts';
import { type Lane, Pacer, type Want } from '../../../src/core/reply/pacer.ts';
import { readableLog } from '../../fakes/log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const twoThenOneASecond: Budget = { key: 'edits', burst: 2, perSecond: 1 };

/** A lane that wants `count` calls and notes when each was made. */
function lane(count: number, want: Partial<Want> = {}, latencyMs = 0) {
  const made: number[] = [];
  let left = count;
  let failWith: unknown;
  const self: Lane & { made: number[]; fail(error: unknown): void } = {
    made,
    fail: (error) => (failWith = error),
    want: () =>
      left > 0
        ? { rank: 'live', budgets: [twoThenOneASecond], unseenSince: 0, notBefore: 0, ...want }
        : undefined,
    perform: async () => {
      if (failWith !== undefined) {
        const error = failWith;
        failWith = undefined;
        throw error;
      }
      left -= 1;
      made.push(Math.round(performance.now()) - start);
      await new Promise((resolve) => setTimeout(resolve, latencyMs));
    },
  };
  return self;
}

let start = 0;

function pace(...lanes: Lane[]) {
  start = Math.round(performance.now());
  const log = readableLog();
  const pacer = new Pacer({ log });
  const places = lanes.map((each) => pacer.enlist(each));
  for (const place of places) place.changed();
  return { places, log };
}

describe('the pacer', () => {
  it('makes the calls that the burst allows at once and the rest at the sustained rate', async () => {
    const one = lane(5);
    pace(one);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.made).toEqual([0, 0, 1_000, 2_000, 3_000]);
  });

  it('lets a first post go before a final text, and both before a text that still grows', async () => {
    const order: string[] = [];
    const named = (name: string, rank: Want['rank']) => {
      const each = lane(1, { rank, budgets: [{ key: 'k', burst: 1, perSecond: 1 }] });
      const perform = each.perform.bind(each);
      each.perform = () => {
        order.push(name);
        return perform();
      };
      return each;
    };
    pace(named('live', 'live'), named('final', 'final'), named('first', 'first'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(order).toEqual(['first', 'final', 'live']);
  });

  it('serves the text that has been unseen for longest', async () => {
    const budgets = [{ key: 'k', burst: 1, perSecond: 1 }];
    const newer = lane(1, { unseenSince: 50, budgets });
    const older = lane(1, { unseenSince: 20, budgets });
    pace(newer, older);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(older.made[0]).toBeLessThan(newer.made[0] ?? 0);
  });

  it('waits as long as the platform asks, and only where it asked', async () => {
    const limited = lane(1);
    limited.fail(new RateLimited(7_000));
    const other = lane(1, { budgets: [{ key: 'other', burst: 1, perSecond: 1 }] });
    const { log } = pace(limited, other);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(limited.made).toEqual([]);
    expect(other.made).toEqual([0]);
    await vi.advanceTimersByTimeAsync(200);
    expect(limited.made).toEqual([7_000]);
    expect(log.events.map((each) => each.event)).toEqual(['rate limited']);
  });

  it('holds the pause for every reply that shares the budget', async () => {
    const limited = lane(1);
    limited.fail(new RateLimited(7_000));
    const late = lane(1);
    const { places } = pace(limited, late);
    expect(places).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(20_000);
    // One of the two tokens was spent on the refused call; the pause takes what was left of them.
    expect(limited.made[0]).toBeGreaterThanOrEqual(7_000);
  });

  it('never has two calls of one reply in flight', async () => {
    const slow = lane(2, { budgets: [] }, 3_000);
    const { places } = pace(slow);
    await vi.advanceTimersByTimeAsync(1_000);
    places[0]?.changed();
    places[0]?.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(slow.made).toEqual([0]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(slow.made).toEqual([0, 3_000]);
  });

  it('lets a hanging call hold up nobody else', async () => {
    const hanging = lane(1, { budgets: [] }, 2 ** 30);
    const other = lane(3, { budgets: [] });
    pace(hanging, other);
    await vi.advanceTimersByTimeAsync(100);
    expect(other.made).toHaveLength(3);
  });

  it('waits until the lane wants to be asked again', async () => {
    let calls = 0;
    const floored: Lane = {
      want: () =>
        calls < 3
          ? { rank: 'live', budgets: [], unseenSince: 0, notBefore: start + calls * 250 }
          : undefined,
      perform: () => {
        calls += 1;
        return Promise.resolve();
      },
    };
    pace(floored);
    await vi.advanceTimersByTimeAsync(249);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(calls).toBe(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(calls).toBe(3);
  });

  it('makes no call for a lane that has left', async () => {
    const gone = lane(5);
    const { places } = pace(gone);
    await vi.advanceTimersByTimeAsync(10);
    places[0]?.leave();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(gone.made).toEqual([0, 0]);
  });
});
