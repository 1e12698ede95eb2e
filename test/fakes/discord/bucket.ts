/** How a rate limit fills up again. */
export type Shape =
  /** So many calls in a window that begins with its first call. */
  | { readonly kind: 'window'; readonly limit: number; readonly perMs: number }
  /** So many at once, and one more every so many milliseconds. */
  | {
      readonly kind: 'refill';
      readonly depth: number;
      readonly everyMs: number;
      /** When the headers say it resets: once it is full, or with the next call; full by default. */
      readonly tells?: 'full' | 'next';
    };

/** What the headers tell. */
export interface BucketState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAfterMs: number;
}

/** One rate limit, on the clock of `performance.now()`. */
export class Bucket {
  readonly #shape: Shape;
  #left: number;
  /** When the window ends, or how far the refilling was counted. */
  #at = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#left = this.#most;
  }

  /** Spends one call, if there is room. */
  take(): void {
    const now = this.#advance();
    if (this.#left < 1) return;
    if (this.#shape.kind === 'window' && this.#at <= now) this.#at = now + this.#shape.perMs;
    this.#left -= 1;
  }

  /** Until there is room for one call. */
  get waitMs(): number {
    const now = this.#advance();
    if (this.#left >= 1) return 0;
    return this.#shape.kind === 'window' ? this.#at - now : (1 - this.#left) * this.#shape.everyMs;
  }

  get state(): BucketState {
    const now = this.#advance();
    const remaining = Math.floor(this.#left);
    return { limit: this.#most, remaining, resetAfterMs: this.#resetAfterMs(now) };
  }

  get #most(): number {
    return this.#shape.kind === 'window' ? this.#shape.limit : this.#shape.depth;
  }

  #resetAfterMs(now: number): number {
    if (this.#shape.kind === 'window') return Math.max(0, this.#at - now);
    const { depth, everyMs, tells } = this.#shape;
    const goal = tells === 'next' ? Math.floor(this.#left) + 1 : depth;
    return Math.max(0, Math.min(goal, depth) - this.#left) * everyMs;
  }

  #advance(): number {
    const now = performance.now();
    if (this.#shape.kind === 'window') {
      if (this.#at <= now) this.#left = this.#most;
      return now;
    }
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) / this.#shape.everyMs);
    this.#at = now;
    return now;
  }
}
