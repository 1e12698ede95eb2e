import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';

/** New sessions of all browsers: 60 at once, then one per second. */
const all = { burst: 60, refillMs: 1_000 };
/** New sessions of one address, such as an office: 20 at once, then one per 6 s. */
const each = { burst: 20, refillMs: 6_000 };

/**
 * Rate limit of new sessions. Quotas per session hold for people only if nobody can open any number
 * of sessions.
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

  /** Counts a new session. Throws an `HTTPException` (429) at the limit. */
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

/** Most keys with a count; the oldest are dropped. */
const maxKeys = 10_000;

export interface BucketOptions {
  /** Events at once. */
  readonly burst: number;
  /** Time per further event, in ms. */
  readonly refillMs: number;
  readonly now: () => number;
}

/** Token buckets by key, such as an address. */
export class TokenBuckets {
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** Time until the next event is allowed, in ms; 0 for now. */
  waitMs(key: string): number {
    const { burst, refillMs } = this.#options;
    return Math.max(0, Math.ceil((this.#count(key) - burst + 1) * refillMs));
  }

  take(key: string): void {
    this.#set(key, this.#count(key) + 1);
  }

  /** Takes a counted event back. */
  refund(key: string): void {
    this.#set(key, Math.max(0, this.#count(key) - 1));
  }

  #set(key: string, count: number): void {
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
