import { describe, expect, it } from 'vitest';
import { RateLimiter } from '../../../../../src/core/reply/pacing/rate-limiter.ts';
import { EditSpacing } from '../../../../../src/core/reply/pacing/edit-spacing.ts';

/** The platform itself: a bucket that is perhaps not what is believed of it. */
class Bucket {
  readonly granted: number[] = [];
  readonly refused: number[] = [];
  #level: number;
  #at = 0;
  burst: number;
  perSecond: number;

  constructor(burst: number, perSecond: number) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.#level = burst;
  }

  /** Undefined, or how long to wait, in milliseconds. */
  call(now: number): number | undefined {
    const gained = ((now - this.#at) * this.perSecond) / 1_000;
    this.#level = Math.min(this.burst, this.#level + gained);
    this.#at = now;
    if (this.#level < 1 - 1e-6) {
      this.refused.push(now);
      return Math.ceil((1 - this.#level) / this.perSecond) * 1_000;
    }
    this.#level -= 1;
    this.granted.push(now);
    return undefined;
  }
}

/** Calls as often as the limiter lets it, until `end`; with `pauseMs` not in every minute. */
function spend(limiter: RateLimiter, bucket: Bucket, from: number, end: number, pauseMs = 0): void {
  for (let now = from; now < end; now += 20) {
    if (pauseMs > 0 && now % (2 * pauseMs) > pauseMs) continue;
    if (limiter.waitMs(now) > 0) continue;
    limiter.callStarted(now);
    const waitMs = bucket.call(now);
    if (waitMs !== undefined) limiter.rateLimited(now + 100, waitMs, now);
    limiter.callEnded(now);
  }
}

const minute = 60_000;

describe('a limiter that is refused', () => {
  it.each([
    { what: 'a twentieth less of all', burst: 0.95, rate: 0.95, pauseMs: 0 },
    { what: 'half of all', burst: 0.5, rate: 0.5, pauseMs: 0 },
    { what: 'half of all, used now and then', burst: 0.5, rate: 0.5, pauseMs: 2 * minute },
    { what: 'a fifth of the burst', burst: 0.2, rate: 1, pauseMs: 0 },
    { what: 'a fifth of the burst, used now and then', burst: 0.2, rate: 1, pauseMs: minute },
    { what: 'a third of the rate', burst: 1, rate: 0.33, pauseMs: 0 },
  ])('learns $what, and is then refused less than once a minute', ({ burst, rate, pauseMs }) => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    const bucket = new Bucket(40 * burst, 0.8 * rate);
    spend(limiter, bucket, 0, 20 * minute, pauseMs);
    const learned = bucket.refused.filter((at) => at > 3 * minute);
    expect(bucket.refused.length).toBeGreaterThan(0);
    expect(learned.length).toBeLessThan(17);
    // What there is is used, too.
    const share = pauseMs > 0 ? 0.5 : 1;
    expect(bucket.granted.length).toBeGreaterThan(20 * 60 * 0.8 * rate * share * 0.6);
  });

  it('believes in the whole again once nothing was refused for long', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    const bucket = new Bucket(8, 0.4);
    spend(limiter, bucket, 0, 3 * minute);
    expect(limiter.burst(3 * minute)).toBeLessThan(20);
    expect(limiter.perSecond(3 * minute)).toBeLessThan(0.6);
    expect(limiter.burst(20 * minute)).toBe(40);
    expect(limiter.perSecond(20 * minute)).toBe(0.8);
  });

  it('learns once from calls that were all on their way', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    for (let call = 0; call < 40; call += 1) limiter.callStarted(call);
    for (let call = 20; call < 40; call += 1) limiter.rateLimited(100 + call, 5_000, call);
    expect(limiter.burst(200)).toBeGreaterThan(14);
    expect(limiter.burst(200)).toBeLessThanOrEqual(20);
    expect(limiter.perSecond(200)).toBe(0.8);
  });

  it('makes no call before the platform wants one', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    limiter.callStarted(0);
    limiter.rateLimited(100, 30_000, 0);
    expect(limiter.waitMs(100)).toBe(30_000);
    expect(limiter.waitMs(30_100)).toBe(0);
    limiter.callStarted(30_100);
    expect(limiter.waitMs(30_100)).toBeGreaterThan(1_000);
  });
});

describe('a limiter that others share', () => {
  it('learns little from a call that was lent, and still makes the next one', () => {
    const limiter = new RateLimiter({ burst: 4, perSecond: 0.95 }, 0);
    limiter.bucket.setFraction({ burst: 0.25, perSecond: 0 }, 0);
    limiter.callStarted(0);
    // It is let go of while that call is on its way.
    limiter.bucket.setFraction({ burst: 0, perSecond: 0 }, 50);
    limiter.rateLimited(100, 1_000, 0);
    const { burst, perSecond } = limiter.whole(100);
    expect(burst).toBeCloseTo(3.2);
    expect(perSecond).toBeCloseTo(0.855);
    limiter.bucket.setFraction({ burst: 1 / burst, perSecond: 0 }, 2_000);
    limiter.bucket.add(1, 2_000);
    expect(limiter.waitMs(2_000)).toBe(0);
  });

  it('learns of the rate, too, where it makes one call at a time, as its bucket is always full', () => {
    const limiter = new RateLimiter({ burst: 6, perSecond: 42 }, 0);
    limiter.bucket.setFraction({ burst: 1 / 6, perSecond: 1 / 6 }, 0);
    for (let now = 0; now < 1_000; now += limiter.waitMs(now)) limiter.callStarted(now);
    limiter.callStarted(1_000);
    limiter.rateLimited(1_100, 500, 1_000);
    const { burst, perSecond } = limiter.whole(1_100);
    expect(burst).toBeCloseTo(4.8);
    expect(perSecond).toBeCloseTo(37.8);
  });

  it('has a whole call where its part is one, however that is rounded', () => {
    const burst = 1.0505;
    expect((1 / burst) * burst).toBeLessThan(1);
    const limiter = new RateLimiter({ burst, perSecond: 42 }, 0);
    limiter.bucket.setFraction({ burst: 1 / burst, perSecond: 0.5 }, 0);
    expect(limiter.waitMs(0)).toBe(0);
    limiter.callStarted(0);
    expect(limiter.waitMs(100)).toBe(0);
  });

  it('is refused seldom after a while, though it knows only of the calls that it is lent', () => {
    const limiter = new RateLimiter({ burst: 4, perSecond: 1 }, 0);
    const bucket = new Bucket(4, 0.5);
    for (let now = 0; now < 10 * minute; now += 1_000 / limiter.whole(now).perSecond) {
      limiter.bucket.setFraction({ burst: 1 / limiter.whole(now).burst, perSecond: 0 }, now);
      limiter.bucket.add(1, now);
      spend(limiter, bucket, now, now + 1);
    }
    expect(bucket.refused.length).toBeGreaterThan(2);
    expect(bucket.refused.filter((at) => at > 2 * minute).length).toBeLessThan(8);
    expect(bucket.granted.length).toBeGreaterThan(0.8 * 10 * 60 * 0.5);
  });

  it('believes no lesson that is no number', () => {
    const limiter = new RateLimiter({ burst: 4, perSecond: 0.95 }, 0);
    const lesson = { value: Number.NaN, ageMs: 0 };
    limiter.merge({ burst: lesson, perSecond: lesson }, 100);
    expect(limiter.whole(100)).toEqual({ burst: 4, perSecond: 0.95 });
    expect(limiter.waitMs(100)).toBe(0);
  });

  it('has nothing when a pause of somebody else ends: the one call there is, is theirs', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    limiter.blockedElsewhere(100, 30_000);
    expect(limiter.waitMs(100)).toBeGreaterThanOrEqual(30_000);
    expect(limiter.waitMs(30_100)).toBe(1_250);
  });
});

describe('a limiter that is told', () => {
  const told = (left: number, at = 0) => ({ limit: 5, left, at, resetsAt: 5_000 });

  it('makes no call before the window is over once nothing is left, and then a whole one', () => {
    const limiter = new RateLimiter({ burst: 10, perSecond: 10 }, 0);
    limiter.setReported(told(0));
    expect(limiter.waitMs(100)).toBe(4_900);
    expect(limiter.waitMs(5_000)).toBe(0);
    for (let call = 0; call < 5; call += 1) limiter.callStarted(5_000);
    expect(limiter.waitMs(5_000)).toBe(5_000);
  });

  it('counts its own calls until it is told again', () => {
    const limiter = new RateLimiter({ burst: 10, perSecond: 10 }, 0);
    limiter.setReported(told(2));
    limiter.callStarted(100);
    limiter.setReported(told(2));
    expect(limiter.waitMs(100)).toBe(0);
    limiter.callStarted(100);
    expect(limiter.waitMs(100)).toBe(4_900);
    limiter.setReported(told(1, 200));
    limiter.callEnded(100);
    limiter.callEnded(100);
    expect(limiter.waitMs(200)).toBe(0);
  });

  it('takes calls in flight for uncounted until they have ended', () => {
    const limiter = new RateLimiter({ burst: 10, perSecond: 10 }, 0);
    limiter.callStarted(0);
    limiter.callStarted(0);
    limiter.setReported(told(1, 100));
    expect(limiter.waitMs(100)).toBe(4_900);
    limiter.callEnded(0);
    limiter.callEnded(0);
    expect(limiter.waitMs(100)).toBe(0);
  });

  it('spreads over the window what grows', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const pace = new EditSpacing(limiter);
    const made: number[] = [];
    for (let now = 0; now < 20_000; now += 10) {
      if (pace.waitMs(now, 0) > 0) continue;
      limiter.callStarted(now);
      pace.callStarted(now, true);
      limiter.callEnded(now);
      made.push(now);
      const windowAt = now - (now % 5_000);
      const left = 5 - made.filter((at) => at >= windowAt).length;
      limiter.setReported({ limit: 5, left, at: now, resetsAt: windowAt + 5_000 });
    }
    const gaps = made.slice(1).map((at, index) => at - (made[index] ?? 0));
    expect(made.length).toBeGreaterThanOrEqual(19);
    expect(Math.max(...gaps)).toBeLessThan(1_400);
  });
});

describe('a limiter of which each call’s place is free again by itself', () => {
  /** Makes so many calls at once, and then as many as it can; gives when. */
  function calls(until: number, atOnce = 0): number[] {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const pace = new EditSpacing(limiter);
    const made = Array.from({ length: atOnce }, () => 0);
    for (let now = 0; now < until; now += 5) {
      const sent = made.filter((at) => at > now - 1_000);
      const resetsAt = (sent[0] ?? now) + 1_000;
      limiter.setReported({
        limit: 10,
        left: 10 - sent.length,
        at: now,
        resetsAt,
        slidesMs: 1_000,
      });
      if (pace.waitMs(now, 0) > 0) continue;
      limiter.callStarted(now);
      pace.callStarted(now, true);
      limiter.callEnded(now);
      made.push(now);
    }
    return made;
  }

  it('takes a place soon after it is free, and lets none go lost', () => {
    const made = calls(20_000);
    expect(made.length).toBeGreaterThanOrEqual(195);
    for (const at of made) {
      expect(made.filter((other) => other >= at && other < at + 1_000).length).toBeLessThan(11);
    }
  });

  it('spreads what came all at once, so that somebody new finds a place soon', () => {
    const made = calls(30_000, 10);
    // Those do not wait long for it.
    expect(made[19]).toBeLessThan(1_500);
    const late = made.filter((at) => at > 20_000);
    const gaps = late.slice(1).map((at, index) => at - (late[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(250);
  });

  it('says when there is room again where none is left', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    limiter.setReported({ limit: 10, left: 0, at: 0, resetsAt: 300, slidesMs: 1_000 });
    const pace = new EditSpacing(limiter);
    expect(pace.waitMs(0, 0)).toBe(300);
    pace.callStarted(0, true);
    expect(pace.waitMs(0, 0)).toBe(300);
  });

  it('has room for others while calls hang whose places are free again', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const tell = (at: number, left: number) =>
      limiter.setReported({ limit: 10, left, at, resetsAt: at + 400, slidesMs: 1_000 });
    tell(0, 10);
    for (let call = 0; call < 10; call += 1) limiter.callStarted(0);
    // Those that are on their way are counted here.
    tell(500, 10);
    expect([limiter.available(500), limiter.waitMs(500)]).toEqual([0, 400]);
    tell(1_100, 10);
    expect([limiter.available(1_100), limiter.waitMs(1_100)]).toEqual([10, 0]);
    limiter.callStarted(1_100);
    tell(1_200, 10);
    expect(limiter.available(1_200)).toBe(9);
    limiter.callEnded(1_100);
    tell(1_300, 9);
    expect(limiter.available(1_300)).toBe(9);
  });

  it('has room again after a pause, as much as it is told then', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const tell = (at: number, left: number) =>
      limiter.setReported({ limit: 10, left, at, resetsAt: at + 400, slidesMs: 1_000 });
    tell(0, 4);
    limiter.rateLimited(0, 2_000, 0);
    tell(100, 9);
    expect([limiter.waitMs(100), limiter.available(100)]).toEqual([1_900, 0]);
    tell(2_000, 9);
    expect([limiter.waitMs(2_000), limiter.available(2_000)]).toEqual([0, 9]);
  });

  it('expects calls to be as far apart as it has places in its time', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    limiter.setReported({ limit: 10, left: 3, at: 0, resetsAt: 20, slidesMs: 1_000 });
    expect(new EditSpacing(limiter).expectedIntervalMs(0, 0)).toBeCloseTo(100);
  });
});

describe('a limiter', () => {
  it('counts no call as in flight for ever, where nobody says when calls end', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    for (let at = 0; at < 100_000; at += 1_000) limiter.callStarted(at);
    limiter.setReported({ limit: 5, left: 5, at: 200_000, resetsAt: 205_000 });
    limiter.callStarted(200_100);
    limiter.setReported({ limit: 5, left: 4, at: 200_200, resetsAt: 205_000 });
    expect(limiter.available(200_300)).toBe(3);
  });

  it('lets calls follow each other the closer the more there is, and none starve', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    const pace = new EditSpacing(limiter);
    const made: number[] = [];
    for (let now = 0; now < minute; now += 10) {
      if (pace.waitMs(now, 5) > 0) continue;
      limiter.callStarted(now);
      pace.callStarted(now, true);
      made.push(now);
    }
    const gaps = made.slice(1).map((at, index) => at - (made[index] ?? 0));
    expect(Math.max(...gaps.slice(0, 10))).toBeLessThan(250);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_270);
    expect(limiter.available(minute)).toBeGreaterThanOrEqual(4.9);
  });

  it('foresees when a text is ripe: so many calls fit into its age by then', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    const pace = new EditSpacing(limiter);
    for (let count = 0; count < 34; count += 1) limiter.callStarted(0);
    const waitMs = pace.minAgeMs(0, 4, 10, 0);
    expect(waitMs).toBeGreaterThan(0);
    expect(pace.minAgeMs(waitMs - 50, 4, 10, 0)).toBeGreaterThan(0);
    expect(pace.minAgeMs(waitMs + 1, 4, 10, 0)).toBe(0);
    expect(pace.minAgeMs(0, 4, 0, 0)).toBe(0);
  });

  it('expects a window to be spread over its length, also when its end is near', () => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const pace = new EditSpacing(limiter);
    limiter.setReported({ limit: 5, left: 4, at: 0, resetsAt: 5_000 });
    for (const now of [0, 4_900, 6_000]) expect(pace.expectedIntervalMs(now, 0)).toBeCloseTo(1_000);
  });

  it.each([0, 1_000])('takes a pause that it is told of at %i ms for no window', (at) => {
    const limiter = new RateLimiter({ burst: 5, perSecond: 1 }, 0);
    const pace = new EditSpacing(limiter);
    if (at > 0) limiter.setReported({ limit: 5, left: 4, at: 0, resetsAt: 5_000 });
    limiter.setReported({ limit: 5, left: 0, at, resetsAt: 60_000 });
    limiter.callStarted(60_000);
    limiter.setReported({ limit: 5, left: 4, at: 60_100, resetsAt: 65_100 });
    limiter.callEnded(60_000);
    expect(pace.expectedIntervalMs(60_200, 0)).toBeCloseTo(1_000);
  });

  it('counts no call that was not made', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 0.1 }, 0);
    const pace = new EditSpacing(limiter);
    limiter.callStarted(0);
    pace.callStarted(0, true);
    limiter.callUndone();
    pace.callUndone();
    expect(pace.waitMs(0, 0)).toBe(0);
    limiter.callEnded(0);
    limiter.setReported({ limit: 5, left: 1, at: 0, resetsAt: 5_000 });
    limiter.callStarted(0);
    limiter.callUndone();
    limiter.callEnded(0);
    expect(limiter.waitMs(0)).toBe(0);
  });

  it('goes on with the share that it is given', () => {
    const limiter = new RateLimiter({ burst: 40, perSecond: 0.8 }, 0);
    limiter.resize(4, 0.08, 0);
    for (let call = 0; call < 4; call += 1) limiter.callStarted(0);
    expect(Math.round(limiter.waitMs(0))).toBe(12_500);
    limiter.resize(40, 8, 0);
    expect(Math.round(limiter.waitMs(0))).toBe(125);
  });
});
