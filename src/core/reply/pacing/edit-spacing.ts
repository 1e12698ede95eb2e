// Tested by test/unit/core/reply/pacing/rate-limiter.test.ts
import type { RateLimiter } from './rate-limiter.ts';

/** Time for which the calls that are left have to last, in seconds. */
const lastsSeconds = 6;

/**
 * Spreads the calls for texts that still grow over what one rate limit grants. Times are in
 * milliseconds of `performance.now()`.
 */
export class EditSpacing {
  readonly #limiter: RateLimiter;
  /** When the last call for a growing text was made. */
  #at = Number.NEGATIVE_INFINITY;
  #before = Number.NEGATIVE_INFINITY;

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /**
   * Time until a call may be made that leaves `keep` others. The more calls are left, the closer
   * they follow each other.
   */
  waitMs(now: number, keep: number): number {
    const dueMs = this.#at + this.#apartMs(now, keep) - now;
    return Math.max(dueMs, this.#limiter.spareWaitMs(now, keep));
  }

  /**
   * Time until a text that is unseen since `since` is old enough: as old as `calls` calls take, at
   * the spacing that they have by then. 0 for a reported window, which is spread by itself.
   */
  minAgeMs(now: number, keep: number, calls: number, since: number): number {
    const { window, bucket } = this.#limiter;
    if (window !== undefined) return 0;
    const perSecond = bucket.perSecond(now);
    const burst = bucket.burst(now);
    // Where most of the burst is reserved, calls that come in when it is full would be lost.
    const mostMs = keep > burst / 2 ? bucket.refillMs(now, burst) : Number.POSITIVE_INFINITY;
    const ageSeconds = Math.max(0, now - since) / 1_000;
    const pace = perSecond + Math.max(0, bucket.level(now) - keep) / lastsSeconds;
    const missing = calls - ageSeconds * pace;
    if (missing <= 0) return 0;
    // In x seconds: (age + x) · (pace + x · perSecond / lasts) = calls.
    const gain = perSecond / lastsSeconds;
    const half = (pace + ageSeconds * gain) / 2;
    return Math.min(mostMs, (1_000 * (Math.sqrt(half ** 2 + gain * missing) - half)) / gain);
  }

  /**
   * Expected time between two calls: over a whole window, however near its end is; where this
   * instance has no share yet, as with an even one.
   */
  expectedIntervalMs(now: number, keep: number): number {
    const { window, bucket } = this.#limiter;
    if (window !== undefined) return 1_000 / window.perSecond;
    const { unallocated } = bucket.fraction;
    if (unallocated === undefined) return this.#apartMs(now, keep);
    const { burst, perSecond } = this.#limiter.whole(now);
    const left = Math.min(burst, unallocated.left + ((now - unallocated.at) * perSecond) / 1_000);
    return (1_000 * unallocated.members) / (perSecond + left / lastsSeconds);
  }

  /** A call is made; `grows`: for a text that still grows. */
  callStarted(now: number, grows: boolean): void {
    this.#before = this.#at;
    if (grows) this.#at = now;
  }

  /** The last call was not made after all. */
  callUndone(): void {
    this.#at = this.#before;
  }

  /** Time between two calls, as things stand. */
  #apartMs(now: number, keep: number): number {
    const { window, bucket } = this.#limiter;
    if (window === undefined) {
      const spare = Math.max(0, bucket.level(now) - keep);
      return 1_000 / (bucket.perSecond(now) + spare / lastsSeconds);
    }
    // A sliding window: the more places are free the faster they are used, as a free one is lost.
    if (window.slides) return 1_000 / (window.perSecond * Math.max(1, window.left(now)));
    if (now >= window.resetsAt) return 0;
    const from = Math.max(this.#at, window.resetsAt - window.lengthMs);
    return (window.resetsAt - from) / (Math.max(0, window.left(now)) + 1);
  }
}
