import { RateLimited } from '../../src/core/domain/errors.ts';
import type { Budget } from '../../src/core/ports/surface.ts';

import type { CallRequest, ScheduledReply } from '../../src/core/reply/pacing/scheduled-reply.ts';

/** A platform's true limit: a bucket that refuses what it does not hold. */
export class EnforcedRateLimit {
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

interface BusyReplyOptions {
  readonly rank?: CallRequest['priority'];
  /** Calls that it makes. */
  readonly most?: number;
  /** How long the platform takes to answer, also if it refuses. */
  readonly latencyMs?: number;
}

/** A lane that always wants one more call, until it has made `most`. */
export function busyReply(
  budget: Budget,
  platform: EnforcedRateLimit,
  { rank = 'live', most = Number.POSITIVE_INFINITY, latencyMs = 30 }: BusyReplyOptions = {},
): ScheduledReply & { readonly made: number[] } {
  const made: number[] = [];
  return {
    made,
    callRequest: () =>
      made.length < most
        ? { priority: rank, budgets: [budget], unseenSince: 0, unseenChars: 1, notBefore: 0 }
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
