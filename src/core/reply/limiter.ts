import type { Budget } from '../ports/surface.ts';

/**
 * One rate limit, as a token bucket: full at first, `burst` deep, refilled at `perSecond`.
 * Times are in milliseconds of `performance.now()`.
 */
export class Limiter {
  readonly #burst: number;
  readonly #perMs: number;
  #level: number;
  #filledAt: number;
  #notBefore = 0;

  constructor(budget: Budget, now: number) {
    this.#burst = Math.max(1, budget.burst);
    this.#perMs = budget.perSecond / 1_000;
    this.#level = this.#burst;
    this.#filledAt = now;
  }

  /** How long until a call may be made; 0 if now. */
  waitMs(now: number): number {
    this.#fill(now);
    const forToken = this.#level >= 1 ? 0 : (1 - this.#level) / this.#perMs;
    return Math.max(forToken, this.#notBefore - now, 0);
  }

  isFull(now: number): boolean {
    this.#fill(now);
    return this.#level >= this.#burst && this.#notBefore <= now;
  }

  take(now: number): void {
    this.#fill(now);
    this.#level -= 1;
  }

  /** The platform asked for a pause: what we believed to be left was not. */
  pause(now: number, ms: number): void {
    this.#fill(now);
    this.#level = Math.min(this.#level, 1);
    this.#notBefore = Math.max(this.#notBefore, now + ms);
  }

  #fill(now: number): void {
    // A hair above full counts as full: 1 - 0.1 * 10 must not wait for a rounding error.
    const level = this.#level + (now - this.#filledAt) * this.#perMs + 1e-9;
    this.#level = Math.min(this.#burst, level);
    this.#filledAt = now;
  }
}
