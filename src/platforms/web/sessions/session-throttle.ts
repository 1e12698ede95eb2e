import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';

/** New sessions in all: so many at once, then 60 a minute. */
const all = { burst: 60, refillMs: 1_000 };
/** Of one address, where it is known: a household, or an office behind one. */
const each = { burst: 20, refillMs: 6_000 };

/**
 * How often a browser may be a new one. What holds for each session, such as a quota, holds for
 * people only while nobody can have as many sessions as they like.
 */
export class SessionThrottle {
  readonly #all: TokenBuckets;
  readonly #each: TokenBuckets;
  readonly #addressOf: (c: Context) => string | undefined;

  constructor(addressOf: (c: Context) => string | undefined, now: () => number) {
    this.#addressOf = addressOf;
    this.#all = new TokenBuckets({ ...all, now });
    this.#each = new TokenBuckets({ ...each, now });
  }

  /** Counts one. Throws what tells people to wait if there are too many. */
  readonly admit = (c: Context): void => {
    const address = this.#addressOf(c);
    const ownMs = address === undefined ? 0 : this.#each.waitMs(address);
    const waitMs = Math.max(ownMs, this.#all.waitMs(''));
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      c.header('Retry-After', String(seconds));
      const message = `Many browsers are new here right now. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
      throw new HTTPException(429, { message });
    }
    this.#all.take('');
    if (address !== undefined) this.#each.take(address);
  };
}

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
export class TokenBuckets {
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
  refund(key: string): void {
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
