import type { RateLimiter } from './rate-limiter.ts';

/** What is left is spent as if it had to last so long, in seconds. */
const lastsSeconds = 6;

/**
 * How closely the calls of texts that still grow follow each other, of what one rate limit grants.
 * Times are in milliseconds of `performance.now()`.
 */
export class EditSpacing {
  readonly #limiter: RateLimiter;
  /** When the last call was made that `waitMs` let go. */
  #at = Number.NEGATIVE_INFINITY;
  #before = Number.NEGATIVE_INFINITY;

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /**
   * How long until a call may be made that leaves `keep` others, and that is not the last for
   * long: the more is left, the closer calls follow each other.
   */
  waitMs(now: number, keep: number): number {
    const dueMs = this.#at + this.#apartMs(now, keep) - now;
    return Math.max(dueMs, this.#limiter.spareWaitMs(now, keep));
  }

  /**
   * How long until a text that is unseen since then is that old that so many `calls` fit into its
   * age, as closely as they follow each other by then. A window is shared out by itself.
   */
  minAgeMs(now: number, keep: number, calls: number, since: number): number {
    const { window, bucket } = this.#limiter;
    if (window !== undefined) return 0;
    const perSecond = bucket.perSecond(now);
    const burst = bucket.burst(now);
    // Of what is mostly kept all that comes in would be lost as soon as it is full.
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
   * How far apart calls will be: over a whole window, however near its end is; where we have no
   * share yet, as far as with an even one.
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

  /** A call is made; `grows` if `waitMs` let it go. */
  callStarted(now: number, grows: boolean): void {
    this.#before = this.#at;
    if (grows) this.#at = now;
  }

  /** The call that was taken last was not made. */
  callUndone(): void {
    this.#at = this.#before;
  }

  /** How far apart calls are, as things stand. */
  #apartMs(now: number, keep: number): number {
    const { window, bucket } = this.#limiter;
    if (window === undefined) {
      const spare = Math.max(0, bucket.level(now) - keep);
      return 1_000 / (bucket.perSecond(now) + spare / lastsSeconds);
    }
    // The more places are free the faster they are taken: one that is left free is lost.
    if (window.slides) return 1_000 / (window.perSecond * Math.max(1, window.left(now)));
    if (now >= window.resetsAt) return 0;
    const from = Math.max(this.#at, window.resetsAt - window.lengthMs);
    return (window.resetsAt - from) / (Math.max(0, window.left(now)) + 1);
  }
}
