import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ChannelRateLimits,
  GlobalRateLimit,
} from '../../../../../src/platforms/discord/api/rate-limits.ts';
import { RateLimited } from '../../../../../src/core/domain/errors.ts';
import type { ScheduledReply } from '../../../../../src/core/reply/pacing/scheduled-reply.ts';
import { Pacer } from '../../../../../src/core/reply/pacing/pacer.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

const channel = '100000000000000001';
const message = '100000000000000002';

function headers(limit: string, remaining: string, resetAfter: string): Headers {
  return new Headers({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset-after': resetAfter,
  });
}

describe('the limits of a channel', () => {
  it('are five calls in five seconds until Discord tells', () => {
    const { edit, post } = new ChannelRateLimits({ alone: true }).of(channel);
    expect(edit[0]).toMatchObject({
      burst: 5,
      perSecond: 1,
      reported: undefined,
      oneAtATime: true,
    });
    expect(post[0]).toMatchObject({ burst: 5, perSecond: 1, reported: undefined });
    expect(post[0]).not.toHaveProperty('oneAtATime');
  });

  it.each([
    ['POST', `/channels/${channel}/messages`, 'post'],
    ['PATCH', `/channels/${channel}/messages/${message}`, 'edit'],
    ['DELETE', `/channels/${channel}/messages/${message}`, 'remove'],
  ] as const)('are learned from the answer to %s %s', (method, path, kind) => {
    const budgets = new ChannelRateLimits({ alone: true });
    const before = performance.now();
    budgets.learnFromHeaders(method, path, headers('7', '3', '1.5'));
    const { reported } = budgets.of(channel)[kind][0]!;
    expect(reported).toMatchObject({ limit: 7, left: 3 });
    // The client library waits 50 ms longer than Discord says.
    expect(reported!.resetsAt - reported!.at).toBeGreaterThan(1_550);
    expect(reported!.resetsAt - before).toBeLessThan(2_500);
    for (const other of ['post', 'edit', 'remove'] as const) {
      if (other !== kind) expect(budgets.of(channel)[other][0]!.reported).toBeUndefined();
    }
    expect(budgets.of(message)[kind][0]!.reported).toBeUndefined();
  });

  it.each([
    ['POST', `/channels/${channel}/typing`],
    ['GET', `/channels/${channel}/messages`],
    ['PATCH', `/channels/${channel}`],
    ['POST', `/channels/${channel}/messages/${message}/threads`],
  ])('have nothing to do with %s %s', (method, path) => {
    const budgets = new ChannelRateLimits({ alone: true });
    budgets.learnFromHeaders(method, path, headers('7', '3', '1.5'));
    const { post, edit, remove } = budgets.of(channel);
    expect([post, edit, remove].map(([own]) => own!.reported)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['', '', ''],
    ['0', '0', '1'],
    ['5', '-1', '1'],
    ['5', '1', 'soon'],
  ])('are not taken from headers that make no sense: %j %j %j', (...values) => {
    const budgets = new ChannelRateLimits({ alone: true });
    budgets.learnFromHeaders('POST', `/channels/${channel}/messages`, headers(...values));
    expect(budgets.of(channel).post[0]!.reported).toBeUndefined();
  });

  it('of two channels share nothing but the limit over all', () => {
    const budgets = new ChannelRateLimits({ alone: true });
    const keys = (of: string) => budgets.of(of).edit.map(({ key }) => key);
    const both = keys(channel).filter((key) => keys(message).includes(key));
    expect(both).toEqual(['discord:global']);
  });
});

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const alone = (): GlobalRateLimit => new GlobalRateLimit('all', { alone: true });

function enter(limit: GlobalRateLimit, calls: number): void {
  for (let i = 0; i < calls; i += 1) limit.acquire().sent();
}

/** A reply that makes one call, and when it does. */
function enlist(
  pacer: Pacer,
  limit: GlobalRateLimit,
  made: number[],
  answer = Promise.resolve(),
): void {
  let left = 1;
  const want = { priority: 'first', unseenSince: 0, unseenChars: 1, notBefore: 0 } as const;
  const lane: ScheduledReply = {
    callRequest: () => (left > 0 ? { ...want, budgets: [limit] } : undefined),
    perform: () =>
      limit.track(async () => {
        limit.acquire().sent();
        left -= 1;
        made.push(performance.now());
        await answer;
        return true;
      }),
  };
  pacer.register(lane).changed();
}

describe('the limit over all calls', () => {
  it('is told as calls are counted, but for a little that is left for others', () => {
    const limit = alone();
    expect(limit.reported).toMatchObject({ limit: 48, left: 48 });
    enter(limit, 20);
    expect(limit.reported).toMatchObject({ limit: 48, left: 28 });
    enter(limit, 29);
    expect(limit.reported).toMatchObject({ left: 0 });
  });

  it('has a call’s place again a little more than a second later, each by itself', () => {
    const limit = alone();
    enter(limit, 30);
    vi.advanceTimersByTime(500);
    enter(limit, 18);
    const { at, resetsAt, left } = limit.reported!;
    expect(left).toBe(0);
    expect(resetsAt - at).toBeGreaterThan(500);
    expect(resetsAt - at).toBeLessThan(600);
    vi.advanceTimersByTime(resetsAt - at + 1);
    expect(limit.reported).toMatchObject({ left: 30 });
    vi.advanceTimersByTime(500);
    expect(limit.reported).toMatchObject({ left: 48 });
  });

  it('has it no sooner, as calls do not all take as long', () => {
    const limit = alone();
    enter(limit, 50);
    vi.advanceTimersByTime(1_020);
    expect(() => limit.acquire()).toThrow(RateLimited);
    expect(limit.reported).toMatchObject({ left: 0 });
  });

  it('refuses what would be too many, until there is room again', () => {
    const limit = alone();
    enter(limit, 10);
    vi.advanceTimersByTime(300);
    enter(limit, 40);
    const refused = (() => {
      try {
        limit.acquire();
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(refused).toBeInstanceOf(RateLimited);
    const { retryAfterMs, budgetKey } = refused as RateLimited;
    expect(budgetKey).toBe('all');
    expect(retryAfterMs).toBeGreaterThan(700);
    expect(retryAfterMs).toBeLessThan(800);
    vi.advanceTimersByTime(retryAfterMs + 1);
    enter(limit, 10);
    expect(() => limit.acquire()).toThrow(RateLimited);
  });

  it('has room for whoever waited as long as it said, though timers end a little early', () => {
    const limit = alone();
    enter(limit, 50);
    vi.advanceTimersByTime(300.4);
    const tryOne = (): number => {
      try {
        limit.acquire();
        return 0;
      } catch (error) {
        return (error as RateLimited).retryAfterMs;
      }
    };
    const waitMs = tryOne();
    vi.advanceTimersByTime(waitMs - 1.7);
    expect(tryOne()).toBe(0);
  });

  it('teaches whoever paces replies nothing of Discord’s limit when it refuses by itself', async () => {
    const limit = new GlobalRateLimit('all', { alone: false });
    enter(limit, 50);
    const pacer = new Pacer({ log: recordingLog() });
    const made: number[] = [];
    const reply = (): void => enlist(pacer, limit, made);
    reply();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(made).toHaveLength(1);
    const now = performance.now();
    for (let count = 0; count < limit.burst; count += 1) reply();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made.slice(1)).toEqual(Array.from({ length: limit.burst }, () => now));
  });

  it('leaves it to those who ask to count what is on its way, once', async () => {
    const limit = alone();
    enter(limit, 5);
    const answer = Promise.withResolvers<string>();
    const answered = limit.track(() => {
      limit.acquire().sent();
      return answer.promise;
    });
    expect(limit.reported).toMatchObject({ left: 43 });
    answer.resolve('ok');
    expect(await answered).toBe('ok');
    expect(limit.reported).toMatchObject({ left: 42 });
  });

  it('does not leave to them what is on its way for longer than that', () => {
    const limit = alone();
    void limit.track(() => {
      limit.acquire().sent();
      return new Promise(() => undefined);
    });
    vi.advanceTimersByTime(1_500);
    expect(limit.reported).toMatchObject({ left: 48 });
  });

  it('has room for a reply while many others’ calls hang', async () => {
    const limit = alone();
    const pacer = new Pacer({ log: recordingLog() });
    const hanging: number[] = [];
    const never = new Promise<void>(() => undefined);
    for (let calls = 0; calls < 48; calls += 1) enlist(pacer, limit, hanging, never);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(hanging).toHaveLength(48);
    const made: number[] = [];
    const now = performance.now();
    enlist(pacer, limit, made);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(made).toEqual([now]);
  });

  it('is not told where others make calls that nobody counts here', () => {
    const shared = new GlobalRateLimit('all', { alone: false });
    expect(shared.reported).toBeUndefined();
    // Whenever Discord's second begins.
    expect(shared.burst + shared.perSecond).toBeLessThan(50);
  });

  it('is scarce while most of it is spent', () => {
    const limit = new GlobalRateLimit('all', { alone: false });
    enter(limit, 24);
    expect(limit.isScarce).toBe(false);
    limit.acquire();
    expect(limit.isScarce).toBe(true);
    vi.advanceTimersByTime(1_100);
    expect(limit.isScarce).toBe(false);
  });
});
