import type { Lessons } from '../../ports/budgets.ts';
import type { Told } from '../../ports/surface.ts';
import { Belief, Refusal } from './estimated-limit.ts';
import { Bucket } from './token-bucket.ts';
import { ToldWindow } from './reported-window.ts';

/** No call is in flight for longer: where nobody says when they end, none is counted for ever. */
const longestCallMs = 60_000;
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
  /** When each call was made that has no answer yet. */
  readonly #inFlight: number[] = [];
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

  /** As the platform tells it; absent where it does not. */
  get window(): ToldWindow | undefined {
    return this.#window;
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

  /** How long until a call may be made that leaves `keep` others. */
  spareWaitMs(now: number, keep: number): number {
    return Math.max(this.#keepingMs(now, keep), this.waitMs(now));
  }

  isFull(now: number): boolean {
    const full =
      this.#window === undefined
        ? this.#bucket.level(now) >= this.#bucket.burst(now)
        : now >= this.#window.resetsAt;
    return full && this.#notBefore <= now;
  }

  /** A call is made. `ended` follows, with the same time, where `tell` is used. */
  take(now: number): void {
    this.#bucket.take(now);
    while (now - (this.#inFlight[0] ?? now) > longestCallMs) this.#inFlight.shift();
    this.#inFlight.push(now);
    this.#window?.take(now);
  }

  /** The call that was taken last was not made. */
  undo(): void {
    this.#bucket.undo();
    this.#window?.undo();
  }

  ended(takenAt: number): void {
    const index = this.#inFlight.indexOf(takenAt);
    if (index >= 0) this.#inFlight.splice(index, 1);
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

  /** What refusals taught is still believed. */
  isTaught(now: number): boolean {
    return this.#belief.isTaught(now);
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
