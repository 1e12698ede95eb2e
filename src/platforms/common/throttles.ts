import { AsyncQueue } from '@sapphire/async-queue';
import { wait } from '../../core/timing.ts';
import type { Budget } from '../../core/ports/surface.ts';
import { RateLimiter } from '../../core/reply/pacing/rate-limiter.ts';
import { LRUCache } from 'lru-cache';

/**
 * Lets calls through no faster than their budgets allow, first come first served. For calls that
 * are not a reply's own, which the pacer knows nothing of.
 */
export class RequestThrottle {
  readonly #limiters: readonly RateLimiter[];
  readonly #queue = new AsyncQueue();

  constructor(...budgets: Budget[]) {
    const now = performance.now();
    this.#limiters = budgets.map((budget) => new RateLimiter(budget, now));
  }

  /** Resolves when a call may be made. Throws the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    await this.#queue.wait();
    try {
      for (;;) {
        signal.throwIfAborted();
        const now = performance.now();
        const waitMs = Math.max(0, ...this.#limiters.map((limiter) => limiter.waitMs(now)));
        if (waitMs === 0) break;
        await wait(Math.ceil(waitMs), signal);
      }
      const now = performance.now();
      for (const limiter of this.#limiters) limiter.callStarted(now);
    } finally {
      this.#queue.shift();
    }
  }

  /** The platform answered that calls are rate limited for `ms`. */
  blockFor(ms: number): void {
    const now = performance.now();
    for (const limiter of this.#limiters) limiter.blockFor(now, ms);
  }
}

/** Minimum time between two notices with the same text to one person in one channel, in ms. */
const repeatMs = 60_000;
/** Notices that are remembered; beyond this many the oldest is forgotten. */
const maxRemembered = 10_000;

/** Keeps somebody who asks far too much from being told the same again and again. */
export class NoticeThrottle {
  readonly #sent = new LRUCache<string, true>({
    max: maxRemembered,
    ttl: repeatMs,
    perf: performance,
  });

  /** Whether the notice may be sent now; it then counts as sent. */
  allows(person: string, channel: string, text: string): boolean {
    const key = `${person} ${channel} ${text}`;
    if (this.#sent.has(key)) return false;
    this.#sent.set(key, true);
    return true;
  }
}
