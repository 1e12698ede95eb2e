import type { Told } from '../ports/surface.ts';
import { Belief } from './belief.ts';
import { ToldWindow } from './told-window.ts';

/** What is left is spent as if it had to last so long, in seconds. */
const lastsSeconds = 6;
/** So near to the end of a window nothing of it is kept: a final text waits for the next one. */
const nearEndMs = 1_000;

/** What is learned from a refusal, and from those that follow at once. */
interface Lesson {
  readonly at: number;
  /** The bucket was full when counting began. */
  readonly full: boolean;
  readonly seconds: number;
  /** Calls granted in that time, as far as is known yet. */
  granted: number;
  /** What was believed before. */
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * One rate limit: a token bucket that is full at first, or the window that the platform tells
 * of. Refusals teach it what it did not know. Times are in milliseconds of `performance.now()`.
 */
export class Limiter {
  readonly #belief: Belief;
  #window: ToldWindow | undefined;
  #level: number;
  #filledAt: number;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** When the last call was made that `steadyWaitMs` let go. */
  #steadyAt = Number.NEGATIVE_INFINITY;
  #steadyBefore = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  /** Calls since the bucket was full, or since it is known to have had room for just one. */
  #count: { since: number; full: boolean; taken: number };
  #lesson: Lesson | undefined;

  constructor(budget: { burst: number; perSecond: number }, now: number) {
    this.#belief = new Belief(budget.burst, budget.perSecond);
    this.#level = this.#belief.burst(now);
    this.#filledAt = now;
    this.#count = { since: now, full: true, taken: 0 };
  }

  /** What the platform tells; the same again does no harm. */
  tell(told: Told | undefined): void {
    if (told === undefined) return;
    if (this.#window === undefined) this.#window = new ToldWindow(told, this.#inFlight);
    else this.#window.tell(told, this.#inFlight);
  }

  /** Another share of what the platform grants is ours from now on. */
  resize(burst: number, perSecond: number, now: number): void {
    this.#fill(now);
    this.#belief.resize(burst, perSecond);
    this.#level = Math.min(this.#level, this.#belief.burst(now));
  }

  burst(now: number): number {
    return this.#window?.limit ?? this.#belief.burst(now);
  }

  perSecond(now: number): number {
    return this.#window?.perSecond ?? this.#belief.perSecond(now);
  }

  /** Calls that could be made at once. */
  room(now: number): number {
    if (now < this.#notBefore) return 0;
    return this.#window?.left(now) ?? this.#levelAt(now);
  }

  /** How long until a call may be made; 0 if now. `ahead`: so many others go before it. */
  waitMs(now: number, ahead = 0): number {
    const pauseMs = this.#notBefore - now;
    if (this.#window === undefined) return Math.max(this.#refillMs(now, 1 + ahead), pauseMs, 0);
    const restMs = this.#window.left(now) > ahead ? 0 : this.#window.resetsAt - now;
    return Math.max(restMs, pauseMs, 0);
  }

  /**
   * How long until a call may be made that leaves `keep` others, and that is not the last for
   * long: the more is left, the closer calls follow each other.
   */
  steadyWaitMs(now: number, keep: number): number {
    const dueMs = this.#steadyAt + this.steadyMs(now, keep) - now;
    return Math.max(dueMs, this.#keepingMs(now, keep), this.waitMs(now));
  }

  /** How far apart calls are that `steadyWaitMs` lets go, as things stand. */
  steadyMs(now: number, keep: number): number {
    const window = this.#window;
    if (window === undefined) {
      const spare = Math.max(0, this.#levelAt(now) - keep);
      return 1_000 / (this.#belief.perSecond(now) + spare / lastsSeconds);
    }
    if (now >= window.resetsAt) return 0;
    const from = Math.max(this.#steadyAt, window.resetsAt - window.lengthMs);
    return (window.resetsAt - from) / (Math.max(0, window.left(now)) + 1);
  }

  isFull(now: number): boolean {
    const full =
      this.#window === undefined
        ? this.#levelAt(now) >= this.#belief.burst(now)
        : now >= this.#window.resetsAt;
    return full && this.#notBefore <= now;
  }

  /** A call is made; `steady` if `steadyWaitMs` let it go. `ended` follows where `tell` is used. */
  take(now: number, options: { steady: boolean } = { steady: false }): void {
    this.#fill(now);
    this.#level -= 1;
    this.#count.taken += 1;
    this.#inFlight += 1;
    this.#window?.take(now);
    this.#steadyBefore = this.#steadyAt;
    if (options.steady) this.#steadyAt = now;
  }

  /** The call that was taken last was not made. */
  undo(): void {
    this.#level += 1;
    this.#count.taken -= 1;
    this.#window?.undo();
    this.#steadyAt = this.#steadyBefore;
  }

  ended(): void {
    this.#inFlight -= 1;
    this.#window?.ended();
  }

  /** The platform refused a call that was made at `takenAt`: there is less than was believed. */
  refuse(now: number, retryAfterMs: number, takenAt: number): void {
    if (this.#window === undefined) this.#learn(now, takenAt);
    this.pause(now, retryAfterMs);
  }

  /** The platform asked for a pause; then it has room for one call. */
  pause(now: number, ms: number): void {
    this.#fill(now);
    this.#notBefore = Math.max(this.#notBefore, now + ms);
    this.#window?.exhaust(this.#notBefore);
    this.#level = Math.min(this.#level, 1);
    this.#filledAt = this.#notBefore;
    this.#count = { since: this.#notBefore, full: false, taken: 0 };
  }

  #learn(now: number, takenAt: number): void {
    // Calls that were on their way tell more of the same.
    if (this.#lesson === undefined || takenAt > this.#lesson.at) {
      const { since, full, taken } = this.#count;
      this.#lesson = {
        at: now,
        full,
        seconds: Math.max(0, takenAt - since) / 1_000,
        granted: taken,
        burst: this.#belief.burst(now),
        perSecond: this.#belief.perSecond(now),
      };
    }
    const lesson = this.#lesson;
    lesson.granted = Math.max(0, lesson.granted - 1);
    const { full, seconds, granted, burst, perSecond } = lesson;
    if (full && granted >= 2 * perSecond * seconds) {
      // Most of what was granted was there from the start: that was less than we thought.
      this.#belief.learnBurst(granted - perSecond * seconds, burst, now);
    } else {
      const fromStart = full ? burst : 0;
      this.#belief.learnRate((granted - fromStart) / Math.max(seconds, 0.001), perSecond, now);
    }
  }

  #keepingMs(now: number, keep: number): number {
    if (this.#window === undefined) return this.#refillMs(now, 1 + keep);
    const restMs = this.#window.resetsAt - now;
    return this.#window.left(now) >= 1 + keep ? 0 : restMs - nearEndMs;
  }

  /** How long until the bucket holds so much. */
  #refillMs(now: number, level: number): number {
    const missing = level - this.#levelAt(now);
    return missing <= 0 ? 0 : (missing * 1_000) / this.#belief.perSecond(now);
  }

  #levelAt(now: number): number {
    this.#fill(now);
    return this.#level;
  }

  #fill(now: number): void {
    if (now <= this.#filledAt) return;
    const burst = this.#belief.burst(now);
    const gained = ((now - this.#filledAt) * this.#belief.perSecond(now)) / 1_000;
    // A hair above full counts as full: 1 - 0.1 * 10 must not wait for a rounding error.
    const level = this.#level + gained + 1e-9;
    if (level >= burst) this.#count = { since: now, full: true, taken: 0 };
    this.#level = Math.min(burst, level);
    this.#filledAt = now;
  }
}
