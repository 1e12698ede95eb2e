import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Buckets } from './token-buckets.ts';

/** New sessions in all: so many at once, then 60 a minute. */
const all = { burst: 60, refillMs: 1_000 };
/** Of one address, where it is known: a household, or an office behind one. */
const each = { burst: 20, refillMs: 6_000 };

/**
 * How often a browser may be a new one. What holds for each session, such as a quota, holds for
 * people only while nobody can have as many sessions as they like.
 */
export class NewSessions {
  readonly #all: Buckets;
  readonly #each: Buckets;
  readonly #addressOf: (c: Context) => string | undefined;

  constructor(addressOf: (c: Context) => string | undefined, now: () => number) {
    this.#addressOf = addressOf;
    this.#all = new Buckets({ ...all, now });
    this.#each = new Buckets({ ...each, now });
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
