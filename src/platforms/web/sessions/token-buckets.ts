/** Of so many keys the counts are remembered; the oldest are forgotten first. */
const maxKeys = 10_000;

export interface BucketOptions {
  /** So many at once … */
  readonly burst: number;
  /** … then one more with each of these, in milliseconds. */
  readonly refillMs: number;
  readonly now: () => number;
}

/** Counts what somebody does, by key, such as an address, so that it goes on slowly only. */
export class Buckets {
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** How long it is until the next one, in milliseconds; 0 if it may be now. */
  waitMs(key: string): number {
    const { burst, refillMs } = this.#options;
    return Math.max(0, Math.ceil((this.#count(key) - burst + 1) * refillMs));
  }

  take(key: string): void {
    this.#note(key, this.#count(key) + 1);
  }

  /** What was taken shall not count. */
  giveBack(key: string): void {
    this.#note(key, Math.max(0, this.#count(key) - 1));
  }

  #note(key: string, count: number): void {
    this.#spent.delete(key);
    if (count === 0) return;
    this.#spent.set(key, { count, at: this.#options.now() });
    if (this.#spent.size <= maxKeys) return;
    for (const oldest of this.#spent.keys()) {
      this.#spent.delete(oldest);
      return;
    }
  }

  #count(key: string): number {
    const spent = this.#spent.get(key);
    if (spent === undefined) return 0;
    const { refillMs, now } = this.#options;
    return Math.max(0, spent.count - (now() - spent.at) / refillMs);
  }
}
