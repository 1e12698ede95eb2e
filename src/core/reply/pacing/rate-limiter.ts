import type { Observations } from '../../ports/budgets.ts';
import type { ReportedLimit } from '../../ports/surface.ts';
import { EstimatedLimit, RateLimitViolation } from './estimated-limit.ts';
import { TokenBucket } from './token-bucket.ts';
import { ReportedWindow } from './reported-window.ts';

/** Longest time that a call counts as in flight, in milliseconds, where its end is not reported. */
const longestCallMs = 60_000;
/** Time before the end of a window, in milliseconds, in which nothing of it is reserved: a final text waits for the next one. */
const nearEndMs = 1_000;

/**
 * One rate limit: a token bucket that is full at first, or the window that the platform reports.
 * 429s lower the bucket's estimate. Times are in milliseconds of `performance.now()`.
 */
export class RateLimiter {
  readonly #estimate: EstimatedLimit;
  readonly #bucket: TokenBucket;
  #window: ReportedWindow | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** When each call was made that is in flight. */
  readonly #inFlight: number[] = [];
  #violation: RateLimitViolation | undefined;

  constructor(budget: { burst: number; perSecond: number }, now: number) {
    this.#estimate = new EstimatedLimit(budget.burst, budget.perSecond);
    this.#bucket = new TokenBucket(this.#estimate, now);
  }

  /** Takes what the platform reported; the same report twice has no effect. */
  setReported(reported: ReportedLimit | undefined): void {
    if (reported === undefined) return;
    if (this.#window === undefined) this.#window = new ReportedWindow(reported, this.#inFlight);
    else this.#window.update(reported, this.#inFlight);
  }

  /** The documented limit changes. */
  resize(burst: number, perSecond: number, now: number): void {
    this.#bucket.refill(now);
    this.#estimate.resize(burst, perSecond);
    this.#bucket.capAt(this.#bucket.burst(now), now);
  }

  get bucket(): TokenBucket {
    return this.#bucket;
  }

  /** Absent where the platform reports none. */
  get window(): ReportedWindow | undefined {
    return this.#window;
  }

  /** The platform reports what is left of it. */
  get isReported(): boolean {
    return this.#window !== undefined;
  }

  /** When the platform takes the next call at the earliest. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** The estimate of the whole limit, of which this instance may have a share. */
  whole(now: number): { burst: number; perSecond: number } {
    return { burst: this.#estimate.burst(now), perSecond: this.#estimate.perSecond(now) };
  }

  burst(now: number): number {
    return this.#window?.limit ?? this.#bucket.burst(now);
  }

  perSecond(now: number): number {
    return this.#window?.perSecond ?? this.#bucket.perSecond(now);
  }

  /** Calls that can be made at once. */
  available(now: number): number {
    if (now < this.#notBefore) return 0;
    return this.#window?.left(now) ?? this.#bucket.level(now);
  }

  /** Time until a call may be made; 0 if now. */
  waitMs(now: number): number {
    const pauseMs = this.#notBefore - now;
    if (this.#window === undefined) return Math.max(this.#bucket.refillMs(now, 1), pauseMs, 0);
    const restMs = this.#window.left(now) > 0 ? 0 : this.#window.resetsAt - now;
    return Math.max(restMs, pauseMs, 0);
  }

  /** Time until a call may be made that leaves `keep` others. */
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

  /** A call is made. `callEnded` follows, with the same time, where `setReported` is used. */
  callStarted(now: number): void {
    this.#bucket.callStarted(now);
    while (now - (this.#inFlight[0] ?? now) > longestCallMs) this.#inFlight.shift();
    this.#inFlight.push(now);
    this.#window?.callStarted(now);
  }

  /** The last call was not made after all. */
  callUndone(): void {
    this.#bucket.callUndone();
    this.#window?.callUndone();
  }

  callEnded(calledAt: number): void {
    const index = this.#inFlight.indexOf(calledAt);
    if (index >= 0) this.#inFlight.splice(index, 1);
    this.#window?.callEnded();
  }

  /** The platform answered 429 to a call that was made at `calledAt`: the limit is lower than estimated. */
  rateLimited(now: number, retryAfterMs: number, calledAt: number): void {
    // Other instances may have spent of the minimum before they knew of this one.
    const counts = this.#window === undefined && this.#bucket.fraction.unallocated === undefined;
    if (counts) {
      if (this.#violation?.covers(calledAt) !== true) {
        this.#violation = new RateLimitViolation(this.#estimate, this.#bucket, calledAt, now);
      }
      this.#violation.applyTo(this.#estimate, now);
    }
    this.blockFor(now, retryAfterMs);
  }

  /** The platform asked for a pause of `ms`; then it has room for one call. */
  blockFor(now: number, ms: number): void {
    this.#block(now, ms, 1);
  }

  /** The platform asked another instance for a pause; the one call after it is that instance's. */
  blockedElsewhere(now: number, ms: number): void {
    this.#block(now, ms, 0);
  }

  /** The estimate is below the documented limit. */
  isLowered(now: number): boolean {
    return this.#estimate.isLowered(now);
  }

  /** What 429s showed of the whole limit, here or elsewhere. */
  observations(now: number): Observations {
    return this.#estimate.observations(now);
  }

  merge(observations: Observations, now: number): void {
    this.#bucket.refill(now);
    this.#estimate.merge(observations, now);
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
