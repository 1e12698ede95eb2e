import type { Belief } from './estimated-limit.ts';

/** A part of what a platform grants, from 0 to 1 for all of it. */
export interface Part {
  readonly burst: number;
  readonly perSecond: number;
  /** It is only what is set aside for those that have no share. */
  readonly aside?: Aside;
}

/** What is known of a budget in which we have no share. */
interface Aside {
  /** Instances that spend it. */
  readonly members: number;
  /** Calls that the whole had room for then. */
  readonly left: number;
  readonly at: number;
}

/** So much of the rate is had at least: waits stay numbers. */
const leastPart = 1e-3;
/** So little is a rounding error: 1 - 0.1 * 10 is full, and a call is there with (1 / 49) * 49. */
const hair = 1e-9;

/**
 * A token bucket that is full at first: all of what a platform is believed to grant, or this
 * instance's part of it. Times are in milliseconds of `performance.now()`.
 */
export class Bucket {
  readonly #belief: Belief;
  #part: Part = { burst: 1, perSecond: 1 };
  #level: number;
  #filledAt: number;
  /** Calls since the bucket was full, or since it is known to have had room for just one. */
  #count: { since: number; full: boolean; taken: number };
  #spent = 0;

  constructor(belief: Belief, now: number) {
    this.#belief = belief;
    this.#level = belief.burst(now);
    this.#filledAt = now;
    this.#count = { since: now, full: true, taken: 0 };
  }

  burst(now: number): number {
    return this.#belief.burst(now) * this.#part.burst;
  }

  perSecond(now: number): number {
    return this.#belief.perSecond(now) * Math.max(leastPart, this.#part.perSecond);
  }

  level(now: number): number {
    this.fill(now);
    return this.#level;
  }

  get part(): Part {
    return this.#part;
  }

  get count(): Readonly<{ since: number; full: boolean; taken: number }> {
    return this.#count;
  }

  /** Calls that were taken and not settled. */
  get spent(): number {
    return this.#spent;
  }

  settle(spent: number): void {
    this.#spent -= spent;
  }

  /** Another part is ours from now on. */
  split(part: Part, now: number): void {
    this.fill(now);
    this.#part = part;
    this.trim(this.burst(now), now);
  }

  gain(calls: number, now: number): void {
    this.fill(now);
    this.#level = Math.min(this.burst(now), this.#level + calls);
  }

  trim(most: number, now: number): void {
    this.fill(now);
    this.#level = Math.min(this.#level, most);
  }

  take(now: number): void {
    this.fill(now);
    this.#level -= 1;
    this.#count.taken += 1;
    this.#spent += 1;
  }

  undo(): void {
    this.#level += 1;
    this.#count.taken -= 1;
    this.#spent -= 1;
  }

  /** Holds so much at most, and nothing comes in before `until`. */
  drain(most: number, until: number, now: number): void {
    this.trim(most, now);
    this.#filledAt = until;
    this.#count = { since: until, full: false, taken: 0 };
  }

  /** How long until it holds so much. */
  refillMs(now: number, level: number): number {
    const missing = level - this.level(now);
    return missing <= hair ? 0 : (missing * 1_000) / this.perSecond(now);
  }

  fill(now: number): void {
    if (now <= this.#filledAt) return;
    const burst = this.burst(now);
    const gained = ((now - this.#filledAt) * this.perSecond(now)) / 1_000;
    const level = this.#level + gained + hair;
    if (level >= burst) this.#count = { since: now, full: true, taken: 0 };
    this.#level = Math.min(burst, level);
    this.#filledAt = now;
  }
}
