import type { GatewaySettings } from './options.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/** What `GET /gateway/bot` tells of it. */
export interface SessionStartLimit {
  readonly total: number;
  readonly remaining: number;
  /** In milliseconds. */
  readonly reset_after: number;
  readonly max_concurrency: number;
}

/** How many sessions a bot may start, in a day and at once. */
export class StartLimiter {
  readonly #settings: GatewaySettings;
  /** When each group of shards last identified. */
  readonly #lastAt = new Map<number, number>();
  #resetsAt = performance.now() + dayMs;
  #started = 0;

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
  }

  get state(): SessionStartLimit {
    this.#turnDay();
    const { identifiesPerDay, maxConcurrency } = this.#settings;
    return {
      total: identifiesPerDay,
      remaining: Math.max(0, identifiesPerDay - this.#started),
      reset_after: Math.ceil(this.#resetsAt - performance.now()),
      max_concurrency: maxConcurrency,
    };
  }

  /** Counts one more: `spent` if the day's share was used up, `too soon` after another one. */
  take(shardId: number): 'taken' | 'spent' | 'too soon' {
    this.#turnDay();
    const { identifiesPerDay, identifyEveryMs, maxConcurrency } = this.#settings;
    if (this.#started >= identifiesPerDay) return 'spent';
    this.#started += 1;
    const now = performance.now();
    const group = shardId % maxConcurrency;
    const lastAt = this.#lastAt.get(group);
    if (lastAt !== undefined && now - lastAt < identifyEveryMs) return 'too soon';
    this.#lastAt.set(group, now);
    return 'taken';
  }

  #turnDay(): void {
    if (performance.now() < this.#resetsAt) return;
    this.#resetsAt = performance.now() + dayMs;
    this.#started = 0;
  }
}
