import type { Lessons } from '../ports/budgets.ts';
import type { Told } from '../ports/surface.ts';
import { Belief } from './belief.ts';
import { Bucket } from './bucket.ts';
import { Refusal } from './refusal.ts';
import { ToldWindow } from './told-window.ts';

/** What is left is spent as if it had to last so long, in seconds. */
const lastsSeconds = 6;
/** So near to the end of a window nothing of it is kept: a final text waits for the next one. */
const nearEndMs = 1_000;

/**
 * One rate limit: a token bucket that is full at first, or the window that the platform tells
 * of. Refusals teach it what it did not know. Times are in milliseconds of `performance.now()`.
 */
export class Limiter {
  readonly #belief: Belief;
  readonly #bucket: Bucket;
  #window: ToldWindow | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** When the last call was made that `steadyWaitMs` let go. */
  #steadyAt = Number.NEGATIVE_INFINITY;
  #steadyBefore = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  #refusal: Refusal | undefined;

  constructor(budget: { burst: number; perSecond: number }, now: number) {
    this.#belief = new Belief(budget.burst, budget.perSecond);
    this.#bucket = new Bucket(this.#belief, now);
  }

  /** What the platform tells; the same again does no harm. */
  tell(told: Told | undefined): void {
    if (told === undefined) return;
    if (this.#window === undefined) this.#window = new ToldWindow(told, this.#inFlight);
    else this.#window.tell(told, this.#inFlight);
  }

  /** What the platform grants is another from now on. */
  resize(burst: number, perSecond: number, now: number): void {
    this.#bucket.fill(now);
    this.#belief.resize(burst, perSecond);
    this.#bucket.trim(this.#bucket.burst(now), now);
  }

  get bucket(): Bucket {
    return this.#bucket;
  }

  /** The platform tells itself what is left of it. */
  get isTold(): boolean {
    return this.#window !== undefined;
  }

  /** When the platform wants the next call at the earliest. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** All that the platform is believed to grant, to whomever. */
  whole(now: number): { burst: number; perSecond: number } {
    return { burst: this.#belief.burst(now), perSecond: this.#belief.perSecond(now) };
  }

  burst(now: number): number {
    return this.#window?.limit ?? this.#bucket.burst(now);
  }

  perSecond(now: number): number {
    return this.#window?.perSecond ?? this.#bucket.perSecond(now);
  }

  /** Calls that could be made at once. */
  room(now: number): number {
    if (now < this.#notBefore) return 0;
    return this.#window?.left(now) ?? this.#bucket.level(now);
  }

  /** How long until a call may be made; 0 if now. */
  waitMs(now: number): number {
    const pauseMs = this.#notBefore - now;
    if (this.#window === undefined) return Math.max(this.#bucket.refillMs(now, 1), pauseMs, 0);
    const restMs = this.#window.left(now) > 0 ? 0 : this.#window.resetsAt - now;
    return Math.max(restMs, pauseMs, 0);
  }

  /**
   * How long until a call may be made that leaves `keep` others, and that is not the last for
   * long: the more is left, the closer calls follow each other.
   */
  steadyWaitMs(now: number, keep: number): number {
    const dueMs = this.#steadyAt + this.steadyMs(now, keep) - now;
    return Math.max(dueMs, this.spareWaitMs(now, keep));
  }

  /** How long until a call may be made that leaves `keep` others. */
  spareWaitMs(now: number, keep: number): number {
    return Math.max(this.#keepingMs(now, keep), this.waitMs(now));
  }

  /**
   * How long until a text that is unseen since then is that old that so many `calls` fit into its
   * age, as closely as they follow each other by then. A window is shared out by itself.
   */
  ripeMs(now: number, keep: number, calls: number, since: number): number {
    if (this.#window !== undefined) return 0;
    const perSecond = this.#bucket.perSecond(now);
    const burst = this.#bucket.burst(now);
    // Of what is mostly kept all that comes in would be lost as soon as it is full.
    const mostMs = keep > burst / 2 ? this.#bucket.refillMs(now, burst) : Number.POSITIVE_INFINITY;
    const ageSeconds = Math.max(0, now - since) / 1_000;
    const pace = perSecond + Math.max(0, this.#bucket.level(now) - keep) / lastsSeconds;
    const missing = calls - ageSeconds * pace;
    if (missing <= 0) return 0;
    // In x seconds: (age + x) · (pace + x · perSecond / lasts) = calls.
    const gain = perSecond / lastsSeconds;
    const half = (pace + ageSeconds * gain) / 2;
    return Math.min(mostMs, (1_000 * (Math.sqrt(half ** 2 + gain * missing) - half)) / gain);
  }

  /** How far apart calls are that `steadyWaitMs` lets go, as things stand. */
  steadyMs(now: number, keep: number): number {
    const window = this.#window;
    if (window === undefined) {
      const spare = Math.max(0, this.#bucket.level(now) - keep);
      return 1_000 / (this.#bucket.perSecond(now) + spare / lastsSeconds);
    }
    if (now >= window.resetsAt) return 0;
    const from = Math.max(this.#steadyAt, window.resetsAt - window.lengthMs);
    return (window.resetsAt - from) / (Math.max(0, window.left(now)) + 1);
  }

  /**
   * How far apart they will be: over a whole window, however near its end is; where we have no
   * share yet, as far as with an even one.
   */
  expectedMs(now: number, keep: number): number {
    if (this.#window !== undefined) return 1_000 / this.#window.perSecond;
    const { aside } = this.#bucket.part;
    if (aside === undefined) return this.steadyMs(now, keep);
    const { burst, perSecond } = this.whole(now);
    const left = Math.min(burst, aside.left + ((now - aside.at) * perSecond) / 1_000);
    return (1_000 * aside.members) / (perSecond + left / lastsSeconds);
  }

  isFull(now: number): boolean {
    const full =
      this.#window === undefined
        ? this.#bucket.level(now) >= this.#bucket.burst(now)
        : now >= this.#window.resetsAt;
    return full && this.#notBefore <= now;
  }

  /** A call is made; `steady` if `steadyWaitMs` let it go. `ended` follows where `tell` is used. */
  take(now: number, options: { steady: boolean } = { steady: false }): void {
    this.#bucket.take(now);
    this.#inFlight += 1;
    this.#window?.take(now);
    this.#steadyBefore = this.#steadyAt;
    if (options.steady) this.#steadyAt = now;
  }

  /** The call that was taken last was not made. */
  undo(): void {
    this.#bucket.undo();
    this.#window?.undo();
    this.#steadyAt = this.#steadyBefore;
  }

  ended(): void {
    this.#inFlight -= 1;
    this.#window?.ended();
  }

  /** The platform refused a call that was made at `takenAt`: there is less than was believed. */
  refuse(now: number, retryAfterMs: number, takenAt: number): void {
    // Of what is set aside for us, others may have had a part before they knew of us.
    const teaches = this.#window === undefined && this.#bucket.part.aside === undefined;
    if (teaches) {
      if (this.#refusal?.covers(takenAt) !== true) {
        this.#refusal = new Refusal(this.#belief, this.#bucket, takenAt, now);
      }
      this.#refusal.teach(this.#belief, now);
    }
    this.pause(now, retryAfterMs);
  }

  /** The platform asked for a pause; then it has room for one call. */
  pause(now: number, ms: number): void {
    this.#rest(now, ms, 1);
  }

  /** The platform asked somebody else for a pause; the one call that there is then is theirs. */
  pausedElsewhere(now: number, ms: number): void {
    this.#rest(now, ms, 0);
  }

  /** What refusals taught of the whole, here or elsewhere. */
  lessons(now: number): Lessons {
    return this.#belief.lessons(now);
  }

  hear(lessons: Lessons, now: number): void {
    this.#bucket.fill(now);
    this.#belief.hear(lessons, now);
    this.#bucket.trim(this.#bucket.burst(now), now);
  }

  #rest(now: number, ms: number, left: number): void {
    this.#notBefore = Math.max(this.#notBefore, now + ms);
    this.#window?.exhaust(this.#notBefore);
    this.#bucket.drain(left, this.#notBefore, now);
  }

  #keepingMs(now: number, keep: number): number {
    if (this.#window === undefined) return this.#bucket.refillMs(now, 1 + keep);
    const restMs = this.#window.resetsAt - now;
    return this.#window.left(now) >= 1 + keep ? 0 : restMs - nearEndMs;
  }
}
