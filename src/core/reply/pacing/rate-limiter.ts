import type { Observations } from '../../ports/budgets.ts';
import type { ReportedLimit } from '../../ports/surface.ts';
import { EstimatedLimit, RateLimitViolation } from './estimated-limit.ts';
import { TokenBucket } from './token-bucket.ts';
import { ReportedWindow } from './reported-window.ts';

/** No call is in flight for longer: where nobody says when they end, none is counted for ever. */
const longestCallMs = 60_000;
/** So near to the end of a window nothing of it is kept: a final text waits for the next one. */
const nearEndMs = 1_000;

/**
 * One rate limit: a token bucket that is full at first, or the window that the platform tells
 * of. Refusals teach it what it did not know. Times are in milliseconds of `performance.now()`.
 */
export class RateLimiter {
  readonly #estimate: EstimatedLimit;
  readonly #bucket: TokenBucket;
  #window: ReportedWindow | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** When each call was made that has no answer yet. */
  readonly #inFlight: number[] = [];
  #violation: RateLimitViolation | undefined;

  constructor(budget: { burst: number; perSecond: number }, now: number) {
    this.#estimate = new EstimatedLimit(budget.burst, budget.perSecond);
    this.#bucket = new TokenBucket(this.#estimate, now);
  }

  /** What the platform tells; the same again does no harm. */
  setReported(told: ReportedLimit | undefined): void {
    if (told === undefined) return;
    if (this.#window === undefined) this.#window = new ReportedWindow(told, this.#inFlight);
    else this.#window.update(told, this.#inFlight);
  }

  /** What the platform grants is another from now on. */
  resize(burst: number, perSecond: number, now: number): void {
    this.#bucket.refill(now);
    this.#estimate.resize(burst, perSecond);
    this.#bucket.capAt(this.#bucket.burst(now), now);
  }

  get bucket(): TokenBucket {
    return this.#bucket;
  }

  /** As the platform tells it; absent where it does not. */
  get window(): ReportedWindow | undefined {
    return this.#window;
  }

  /** The platform tells itself what is left of it. */
  get isReported(): boolean {
    return this.#window !== undefined;
  }

  /** When the platform wants the next call at the earliest. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** All that the platform is believed to grant, to whomever. */
  whole(now: number): { burst: number; perSecond: number } {
    return { burst: this.#estimate.burst(now), perSecond: this.#estimate.perSecond(now) };
  }

  burst(now: number): number {
    return this.#window?.limit ?? this.#bucket.burst(now);
  }

  perSecond(now: number): number {
    return this.#window?.perSecond ?? this.#bucket.perSecond(now);
  }

  /** Calls that could be made at once. */
  available(now: number): number {
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
  callStarted(now: number): void {
    this.#bucket.callStarted(now);
    while (now - (this.#inFlight[0] ?? now) > longestCallMs) this.#inFlight.shift();
    this.#inFlight.push(now);
    this.#window?.callStarted(now);
  }

  /** The call that was taken last was not made. */
  callUndone(): void {
    this.#bucket.callUndone();
    this.#window?.callUndone();
  }

  callEnded(takenAt: number): void {
    const index = this.#inFlight.indexOf(takenAt);
    if (index >= 0) this.#inFlight.splice(index, 1);
    this.#window?.callEnded();
  }

  /** The platform refused a call that was made at `takenAt`: there is less than was believed. */
  rateLimited(now: number, retryAfterMs: number, takenAt: number): void {
    // Of what is set aside for us, others may have had a part before they knew of us.
    const teaches = this.#window === undefined && this.#bucket.fraction.unallocated === undefined;
    if (teaches) {
      if (this.#violation?.covers(takenAt) !== true) {
        this.#violation = new RateLimitViolation(this.#estimate, this.#bucket, takenAt, now);
      }
      this.#violation.applyTo(this.#estimate, now);
    }
    this.blockFor(now, retryAfterMs);
  }

  /** The platform asked for a pause; then it has room for one call. */
  blockFor(now: number, ms: number): void {
    this.#block(now, ms, 1);
  }

  /** The platform asked somebody else for a pause; the one call that there is then is theirs. */
  blockedElsewhere(now: number, ms: number): void {
    this.#block(now, ms, 0);
  }

  /** What refusals taught is still believed. */
  isLowered(now: number): boolean {
    return this.#estimate.isLowered(now);
  }

  /** What refusals taught of the whole, here or elsewhere. */
  observations(now: number): Observations {
    return this.#estimate.observations(now);
  }

  merge(lessons: Observations, now: number): void {
    this.#bucket.refill(now);
    this.#estimate.merge(lessons, now);
    this.#bucket.capAt(this.#bucket.burst(now), now);
  }

  #block(now: number, ms: number, left: number): void {
    this.#notBefore = Math.max(this.#notBefore, now + ms);
    this.#window?.exhaust(this.#notBefore);
    this.#bucket.emptyUntil(left, this.#notBefore, now);
  }

  #keepingMs(now: number, keep: number): number {
    if (this.#window === undefined) return this.#bucket.refillMs(now, 1 + keep);
    const restMs = this.#window.resetsAt - now;
    return this.#window.left(now) >= 1 + keep ? 0 : restMs - nearEndMs;
  }
}
