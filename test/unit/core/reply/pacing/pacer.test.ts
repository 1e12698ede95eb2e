import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimited } from '../../../../../src/core/domain/errors.ts';
import type { Budget } from '../../../../../src/core/ports/surface.ts';
import { Pacer } from '../../../../../src/core/reply/pacing/pacer.ts';
import type {
  ScheduledReply,
  CallRequest,
} from '../../../../../src/core/reply/pacing/scheduled-reply.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const twoThenOneASecond: Budget = { key: 'edits', burst: 2, perSecond: 1 };

/** A lane that wants `count` calls and notes when each was made. */
function lane(count: number, want: Partial<CallRequest> = {}, latencyMs = 0) {
  const made: number[] = [];
  let left = count;
  let failWith: unknown;
  const self: ScheduledReply & { made: number[]; fail(error: unknown): void } = {
    made,
    fail: (error) => (failWith = error),
    callRequest: () =>
      left > 0
        ? {
            priority: 'live',
            budgets: [twoThenOneASecond],
            unseenSince: 0,
            unseenChars: 1,
            notBefore: 0,
            ...want,
          }
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
      return true;
    },
  };
  return self;
}

let start = 0;

function pace(...lanes: ScheduledReply[]) {
  start = Math.round(performance.now());
  const log = recordingLog();
  const pacer = new Pacer({ log });
  const places = lanes.map((each) => pacer.register(each));
  for (const place of places) place.changed();
  return { places, log };
}

describe('the pacer', () => {
  it('makes the calls that the burst allows at once and the rest at the sustained rate', async () => {
    const one = lane(5, { priority: 'final' });
    pace(one);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.made).toEqual([0, 0, 1_000, 2_000, 3_000]);
  });

  it('lets a first post go before a final text, and both before a text that still grows', async () => {
    const order: string[] = [];
    const named = (name: string, rank: CallRequest['priority']) => {
      const each = lane(1, { priority: rank, budgets: [{ key: 'k', burst: 1, perSecond: 1 }] });
      const perform = each.perform.bind(each);
      each.perform = () => {
        order.push(name);
        return perform({ useAlternative: false });
      };
      return each;
    };
    pace(named('live', 'live'), named('final', 'final'), named('first', 'first'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(order).toEqual(['first', 'final', 'live']);
  });

  it('serves the text that has been unseen for longest', async () => {
    const budgets = [{ key: 'k', burst: 1, perSecond: 1 }];
    await vi.advanceTimersByTimeAsync(100);
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
    const loud = log.events.filter(({ level }) => level !== 'debug');
    expect(loud.map((each) => each.event)).toEqual(['rate limited']);
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
    const floored: ScheduledReply = {
      callRequest: () =>
        calls < 3
          ? {
              priority: 'live',
              budgets: [],
              unseenSince: 0,
              unseenChars: 1,
              notBefore: start + calls * 250,
            }
          : undefined,
      perform: () => {
        calls += 1;
        return Promise.resolve(true);
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
    const gone = lane(5, { priority: 'final' });
    const { places } = pace(gone);
    await vi.advanceTimersByTimeAsync(10);
    places[0]?.unregister();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(gone.made).toEqual([0, 0]);
  });

  it('serves first what is most by characters and time', async () => {
    const budgets = [{ key: 'k', burst: 1, perSecond: 1 }];
    await vi.advanceTimersByTimeAsync(100);
    const few = lane(1, { unseenSince: 20, unseenChars: 10, budgets });
    const many = lane(1, { unseenSince: 50, unseenChars: 900, budgets });
    pace(few, many);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(many.made[0]).toBeLessThan(few.made[0] ?? 0);
  });

  it('makes one call at a time where the platform takes one, with the newest text then', async () => {
    const budgets = [{ key: 'k', burst: 9, perSecond: 9, oneAtATime: true }];
    const [slow, next] = [lane(1, { budgets, priority: 'final' }, 700), lane(1, { budgets }, 700)];
    pace(slow, next);
    await vi.advanceTimersByTimeAsync(690);
    expect([slow.made, next.made]).toEqual([[0], []]);
    await vi.advanceTimersByTimeAsync(20);
    expect(next.made).toEqual([700]);
  });

  it('frees the place of a call that was refused', async () => {
    const budgets = [{ key: 'k', burst: 9, perSecond: 9, oneAtATime: true }];
    const [refused, next] = [lane(1, { budgets, priority: 'final' }), lane(1, { budgets })];
    refused.fail(new RateLimited(2_000));
    pace(refused, next);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([refused.made.length, next.made.length]).toEqual([1, 1]);
  });

  it('keeps to what the platform tells', async () => {
    const now = performance.now();
    const told = { limit: 5, left: 0, at: now, resetsAt: now + 3_000 };
    const one = lane(2, {
      priority: 'final',
      budgets: [{ key: 'k', burst: 9, perSecond: 9, reported: told }],
    });
    pace(one);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.made).toHaveLength(2);
    expect(one.made[0]).toBe(3_000);
  });

  it('keeps something for final texts, which wait for none that still grow', async () => {
    const budgets = [{ key: 'k', burst: 20, perSecond: 0.5 }];
    const finals = { own: budgets, alternative: [] };
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const growing = Array.from({ length: 8 }, () => lane(100, { budgets }));
    for (const each of growing) pacer.register(each, finals).changed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(growing.flatMap(({ made }) => made).length).toBeGreaterThan(30);
    const ending = Array.from({ length: 7 }, () => lane(1, { budgets, priority: 'final' }));
    for (const each of ending) pacer.register(each).changed();
    await vi.advanceTimersByTimeAsync(10);
    expect(ending.flatMap(({ made }) => made)).toHaveLength(7);
  });

  it('lets a final text go another way rather than wait long', async () => {
    const budgets = [{ key: 'edits', burst: 1, perSecond: 0.1 }];
    const instead = [{ key: 'posts', burst: 2, perSecond: 0.1 }];
    const ways: boolean[] = [];
    const finals = Array.from({ length: 3 }, () => {
      const each = lane(1, { priority: 'final', budgets, alternativeBudgets: instead });
      const perform = each.perform.bind(each);
      each.perform = (way) => {
        ways.push(way.useAlternative);
        return perform(way);
      };
      return each;
    });
    pace(...finals);
    await vi.advanceTimersByTimeAsync(10);
    expect(ways).toEqual([false, true, true]);
  });

  it('lets finals go another way where only what is kept for those without one is left', async () => {
    const budgets = [{ key: 'edits', burst: 20, perSecond: 0.1 }];
    const instead = [{ key: 'posts', burst: 20, perSecond: 1 }];
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const growing = Array.from({ length: 8 }, () => lane(100, { budgets }));
    for (const each of growing) pacer.register(each, { own: budgets, alternative: [] }).changed();
    // Until no more edits are made than come in.
    await vi.advanceTimersByTimeAsync(120_000);
    const ways: boolean[] = [];
    for (let count = 0; count < 3; count += 1) {
      const each = lane(1, { priority: 'final', budgets, alternativeBudgets: instead });
      const perform = each.perform.bind(each);
      each.perform = (way) => {
        ways.push(way.useAlternative);
        return perform(way);
      };
      pacer.register(each, { own: budgets, alternative: instead }).changed();
    }
    await vi.advanceTimersByTimeAsync(10);
    expect(ways).toEqual([true, true, true]);
    const without = Array.from({ length: 5 }, () => lane(1, { priority: 'final', budgets }));
    for (const each of without) pacer.register(each).changed();
    await vi.advanceTimersByTimeAsync(10);
    expect(without.flatMap(({ made }) => made)).toHaveLength(5);
  });

  it('keeps an edit for each reply that must have one, even while it may end by a post', async () => {
    const budgets = [{ key: 'edits', burst: 20, perSecond: 0.1 }];
    const instead = [{ key: 'posts', burst: 100, perSecond: 10 }];
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const finals = { own: budgets, alternative: instead, needsEdit: true };
    const growing = Array.from({ length: 8 }, () => lane(100, { budgets }));
    for (const each of growing) pacer.register(each, finals).changed();
    await vi.advanceTimersByTimeAsync(120_000);
    const ending = Array.from({ length: 7 }, () => lane(1, { priority: 'final', budgets }));
    for (const each of ending) pacer.register(each).changed();
    await vi.advanceTimersByTimeAsync(10);
    expect(ending.flatMap(({ made }) => made)).toHaveLength(7);
  });

  it('lets the texts of many that begin together ripen', async () => {
    const budgets = [{ key: 'k', burst: 30, perSecond: 1 }];
    const instead = [{ key: 'posts', burst: 100, perSecond: 10 }];
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const lanes = Array.from({ length: 20 }, () => lane(1, { budgets, unseenSince: start }));
    for (const each of lanes)
      pacer.register(each, { own: budgets, alternative: instead }).changed();
    await vi.advanceTimersByTimeAsync(1_500);
    const early = lanes.flatMap(({ made }) => made);
    expect(early).toEqual([]);
    await vi.advanceTimersByTimeAsync(8_500);
    expect(lanes.flatMap(({ made }) => made)).toHaveLength(20);
  });

  it('wastes nothing of a full budget that is mostly kept', async () => {
    const budgets = [{ key: 'k', burst: 30, perSecond: 1 }];
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const lanes = Array.from({ length: 30 }, () => lane(1, { budgets, unseenSince: start }));
    for (const each of lanes) pacer.register(each, { own: budgets, alternative: [] }).changed();
    await vi.advanceTimersByTimeAsync(10_500);
    expect(lanes.flatMap(({ made }) => made).length).toBeGreaterThan(7);
  });

  it('lets one alone ripen for no time at all', async () => {
    const budgets = [{ key: 'k', burst: 30, perSecond: 1 }];
    start = Math.round(performance.now());
    const one = lane(1, { budgets, unseenSince: start });
    new Pacer({ log: recordingLog() }).register(one, { own: budgets, alternative: [] }).changed();
    await vi.advanceTimersByTimeAsync(10);
    expect(one.made).toEqual([0]);
  });

  it('lets no reply starve', async () => {
    const budgets = [{ key: 'k', burst: 30, perSecond: 2 }];
    start = Math.round(performance.now());
    const pacer = new Pacer({ log: recordingLog() });
    const lanes = Array.from({ length: 20 }, (_, index) => {
      let shownAt = start;
      const made: number[] = [];
      const self: ScheduledReply = {
        callRequest: () => {
          // Models write at different speeds.
          const unseenChars = ((performance.now() - shownAt) * (100 + 10 * index)) / 1_000;
          return { priority: 'live', budgets, unseenSince: shownAt, unseenChars, notBefore: 0 };
        },
        perform: () => {
          shownAt = performance.now();
          made.push(shownAt);
          return Promise.resolve(true);
        },
      };
      pacer.register(self, { own: budgets, alternative: [] }).changed();
      return made;
    });
    await vi.advanceTimersByTimeAsync(120_000);
    const longest = lanes
      .map((made) => Math.max(...made.map((at, index) => at - (made[index - 1] ?? start))))
      .sort((a, b) => a - b);
    expect(longest.at(-1)).toBeLessThan(2 * (longest[10] ?? 0));
  });

  it('asks nobody because of words that arrive while the budget is spent', async () => {
    const budgets = [{ key: 'k', burst: 1, perSecond: 0.1 }];
    let asked = 0;
    const pacer = new Pacer({ log: recordingLog() });
    const places = Array.from({ length: 200 }, () => {
      const each = lane(5, { budgets });
      return pacer.register({
        callRequest: () => {
          asked += 1;
          return each.callRequest();
        },
        perform: (way) => each.perform(way),
      });
    });
    for (const place of places) place.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    asked = 0;
    for (let delta = 0; delta < 60; delta += 1) {
      for (const place of places) place.changed();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(asked).toBe(0);
  });
});
