import type { EstimatedLimit } from './estimated-limit.ts';

/** A part of what a platform grants, from 0 to 1 for all of it. */
export interface Fraction {
  readonly burst: number;
  readonly perSecond: number;
  /** It is only what is set aside for those that have no share. */
  readonly unallocated?: Unallocated;
}

/** What is known of a budget in which we have no share. */
interface Unallocated {
  /** Instances that spend it. */
  readonly members: number;
  /** Calls that the whole had room for then. */
  readonly left: number;
  readonly at: number;
}

/** So much of the rate is had at least: waits stay numbers. */
const minFraction = 1e-3;
/** So little is a rounding error: 1 - 0.1 * 10 is full, and a call is there with (1 / 49) * 49. */
const epsilon = 1e-9;

/**
 * A token bucket that is full at first: all of what a platform is believed to grant, or this
 * instance's part of it. Times are in milliseconds of `performance.now()`.
 */
export class TokenBucket {
  readonly #estimate: EstimatedLimit;
  #fraction: Fraction = { burst: 1, perSecond: 1 };
  #level: number;
  #filledAt: number;
  /** Calls since the bucket was full, or since it is known to have had room for just one. */
  #sinceFull: { since: number; full: boolean; taken: number };
  #unreported = 0;

  constructor(belief: EstimatedLimit, now: number) {
    this.#estimate = belief;
    this.#level = belief.burst(now);
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

  /** Calls that were taken and not settled. */
  get unreported(): number {
    return this.#unreported;
  }

  reported(spent: number): void {
    this.#unreported -= spent;
  }

  /** Another part is ours from now on. */
  setFraction(part: Fraction, now: number): void {
    this.refill(now);
    this.#fraction = part;
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

  /** Holds so much at most, and nothing comes in before `until`. */
  emptyUntil(most: number, until: number, now: number): void {
    this.capAt(most, now);
    this.#filledAt = until;
    this.#sinceFull = { since: until, full: false, taken: 0 };
  }

  /** How long until it holds so much. */
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
