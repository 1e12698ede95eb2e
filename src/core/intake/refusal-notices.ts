import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';

/** Minimum time between two notices to the same person, and between two log lines, in milliseconds. */
const everyMs = 60 * 60_000;
/** Most people that are remembered; beyond it the oldest are forgotten. */
const maxKnown = 10_000;

/** Limits the notices and log lines about people who may not use the bot to one an hour each. */
export class RefusalNotices {
  readonly #platform: string;
  readonly #store: Pick<Store, 'acquireLeadership' | 'shared'>;
  readonly #log: Log;
  /** In milliseconds since the epoch. */
  readonly #since = Date.now();
  /** Ids of people. */
  readonly #logged = new LRUCache<string, true>({ max: maxKnown, ttl: everyMs, perf: performance });
  readonly #notified = new LRUCache<string, true>({
    max: maxKnown,
    ttl: everyMs,
    perf: performance,
  });

  constructor(options: {
    platform: string;
    store: Pick<Store, 'acquireLeadership' | 'shared'>;
    log: Log;
  }) {
    this.#platform = options.platform;
    this.#store = options.store;
    this.#log = options.log;
  }

  /**
   * @param person an id that is unique on the platform
   * @param ids why, and what else the log tells of it
   */
  log(person: string, ids: Readonly<Record<string, unknown>>): void {
    if (this.#logged.has(person)) return;
    this.#logged.set(person, true);
    this.#log.info({ platform: this.#platform, person, ...ids }, 'access denied');
  }

  /**
   * Whether this person is to be told now: true once an hour, whichever channel they write in and
   * whichever instance hears it. What is read again was refused at its time, or is stale: nobody
   * is told of it anew. Throws `StoreUnavailable`.
   *
   * @param sentAt when they wrote, in milliseconds since the epoch
   */
  async shouldNotify(person: string, sentAt: number): Promise<boolean> {
    if (sentAt < Date.now() - everyMs || this.#notified.has(person)) return false;
    // An instance that is alone has forgotten whom it told before it was started anew.
    if (!this.#store.shared && sentAt < this.#since) return false;
    if (this.#store.shared) {
      // A new owner each time: nobody, not even this instance, has the role again within the hour.
      const lease = { owner: randomUUID(), leaseMs: everyMs };
      if (!(await this.#store.acquireLeadership(`told:${this.#platform}:${person}`, lease)))
        return false;
    }
    this.#notified.set(person, true);
    return true;
  }
}
