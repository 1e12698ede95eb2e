import { RateLimited } from '../../src/core/domain/errors.ts';
import type { Budget } from '../../src/core/ports/surface.ts';
import type { Lane } from '../../src/core/reply/pacing/pacer.ts';
import type { Want } from '../../src/core/reply/pacing/scheduled-reply.ts';

/** A platform's true limit: a bucket that refuses what it does not hold. */
export class TrueBucket {
  readonly granted: number[] = [];
  readonly refused: number[] = [];
  readonly burst: number;
  readonly perSecond: number;
  #level: number;
  #at = performance.now();

  constructor(burst: number, perSecond: number) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.#level = burst;
  }

  call(): void {
    const now = performance.now();
    const gained = ((now - this.#at) * this.perSecond) / 1_000;
    this.#level = Math.min(this.burst, this.#level + gained + 1e-6);
    this.#at = now;
    if (this.#level < 1) {
      this.refused.push(now);
      throw new RateLimited(Math.ceil((1 - this.#level) / this.perSecond) * 1_000);
    }
    this.#level -= 1;
    this.granted.push(now);
  }
}

interface Eagerness {
  readonly rank?: Want['rank'];
  /** Calls that it makes. */
  readonly most?: number;
  /** How long the platform takes to answer, also if it refuses. */
  readonly latencyMs?: number;
}

/** A lane that always wants one more call, until it has made `most`. */
export function eager(
  budget: Budget,
  platform: TrueBucket,
  { rank = 'live', most = Number.POSITIVE_INFINITY, latencyMs = 30 }: Eagerness = {},
): Lane & { readonly made: number[] } {
  const made: number[] = [];
  return {
    made,
    want: () =>
      made.length < most
        ? { rank, budgets: [budget], unseenSince: 0, unseenChars: 1, notBefore: 0 }
        : undefined,
    perform: async () => {
      try {
        platform.call();
        made.push(performance.now());
      } finally {
        await new Promise((resolve) => setTimeout(resolve, latencyMs));
      }
      return true;
    },
  };
}
