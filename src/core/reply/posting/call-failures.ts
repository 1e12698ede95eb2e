import { backoffMs } from '../../timing.ts';

/** How long there may be nothing but failures before a reply is left for another attempt. */
const giveUpAfterMs = 15 * 60_000;
const firstRetryMs = 500;
const slowestRetryMs = 30_000;

/** The failures in a row of one reply's calls: when to try again, and when to give up. */
export class Setbacks {
  #count = 0;
  #since = 0;
  #readyAt = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** Not to be tried before this, in milliseconds of `performance.now()`. */
  get readyAt(): number {
    return this.#readyAt;
  }

  /** One more; false once there was nothing else for 15 minutes. */
  add(): boolean {
    const now = performance.now();
    if (this.#count === 0) this.#since = now;
    this.#count += 1;
    return now - this.#since <= giveUpAfterMs;
  }

  /** Puts the next try off, further with each failure. */
  backOff(): void {
    this.#readyAt = performance.now() + backoffMs(this.#count, firstRetryMs, slowestRetryMs);
  }

  /** Something went well. */
  clear(): void {
    this.#count = 0;
  }
}
