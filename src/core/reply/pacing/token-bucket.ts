// Tested by test/unit/core/reply/pacing/rate-limiter.test.ts
import type { EstimatedLimit } from './estimated-limit.ts';

/** This instance's fraction of a rate limit, from 0 to 1. */
export interface Fraction {
  readonly burst: number;
  readonly perSecond: number;
  /** Set where the instance has only the minimum, as no share was allocated to it. */
  readonly unallocated?: Unallocated;
}

/** The state of a budget of which this instance has no share. */
interface Unallocated {
  /** Instances that spend the budget. */
  readonly members: number;
  /** Calls that the whole budget had room for at the time `at`. */
  readonly left: number;
  readonly at: number;
}

/** Least fraction of a rate: a rate of 0 would make infinite waits. */
const minFraction = 1e-3;
/** Rounding error: `1 - 0.1 * 10` is a full bucket, and `(1 / 49) * 49` is one call. */
const epsilon = 1e-9;

/**
 * A token bucket that is full at first, of the estimated limit or of this instance's fraction of
 * it. Times are in milliseconds of `performance.now()`.
 */
export class TokenBucket {
  readonly #estimate: EstimatedLimit;
  #fraction: Fraction = { burst: 1, perSecond: 1 };
  #level: number;
  #filledAt: number;
  /** Calls since the bucket was full, or since a pause after which it had room for one. */
  #sinceFull: { since: number; full: boolean; taken: number };
  #unreported = 0;

  constructor(estimate: EstimatedLimit, now: number) {
    this.#estimate = estimate;
    this.#level = estimate.burst(now);
    this.#filledAt = now;
    this.#sinceFull = { since: now, full: true, taken: 0 };
  }

  burst(now: number): number {
    return this.#estimate.burst(now) * this.#fraction.burst;
  }

  perSecond(now: number): number {
    return this.#estimate.perSecond(now) * Math.max(minFraction, this.#fraction.perSecond);
  }

  level(now: number): number {
    this.refill(now);
    return this.#level;
  }

  get fraction(): Fraction {
    return this.#fraction;
  }

  get sinceFull(): Readonly<{ since: number; full: boolean; taken: number }> {
    return this.#sinceFull;
  }

  /** Calls that were made and not reported to the other instances. */
  get unreported(): number {
    return this.#unreported;
  }

  reported(spent: number): void {
    this.#unreported -= spent;
  }

  /** This instance's fraction changes. */
  setFraction(fraction: Fraction, now: number): void {
    this.refill(now);
    this.#fraction = fraction;
    this.capAt(this.burst(now), now);
  }

  add(calls: number, now: number): void {
    this.refill(now);
    this.#level = Math.min(this.burst(now), this.#level + calls);
  }

  capAt(most: number, now: number): void {
    this.refill(now);
    this.#level = Math.min(this.#level, most);
  }

  callStarted(now: number): void {
    this.refill(now);
    this.#level -= 1;
    this.#sinceFull.taken += 1;
    this.#unreported += 1;
  }

  callUndone(): void {
    this.#level += 1;
    this.#sinceFull.taken -= 1;
    this.#unreported -= 1;
  }

  /** Holds at most `most` calls, and refills from `until` on. */
  emptyUntil(most: number, until: number, now: number): void {
    this.capAt(most, now);
    this.#filledAt = until;
    this.#sinceFull = { since: until, full: false, taken: 0 };
  }

  /** Time until the bucket holds `level` calls. */
  refillMs(now: number, level: number): number {
    const missing = level - this.level(now);
    return missing <= epsilon ? 0 : (missing * 1_000) / this.perSecond(now);
  }

  refill(now: number): void {
    if (now <= this.#filledAt) return;
    const burst = this.burst(now);
    const gained = ((now - this.#filledAt) * this.perSecond(now)) / 1_000;
    const level = this.#level + gained + epsilon;
    if (level >= burst) this.#sinceFull = { since: now, full: true, taken: 0 };
    this.#level = Math.min(burst, level);
    this.#filledAt = now;
  }
}
