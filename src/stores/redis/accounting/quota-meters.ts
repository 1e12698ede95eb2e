import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Count, Meter, Meters, Reading } from '../../../core/ports/quotas.ts';
import type { Connection } from '../connection/connection.ts';
import { bare, toStoreFault } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';

/**
 * What people and workspaces use, counted for all instances. A key each, so that it does not matter
 * where in a cluster they lie; all that is asked at once is sent at once.
 */
export class RedisMeters implements Meters {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #limiter: RateLimiterRedis;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
    this.#limiter = new RateLimiterRedis({
      storeClient: connection.client,
      // Nobody waits for a Redis that is away, and no count is sent a second time.
      rejectIfRedisNotReady: true,
      keyPrefix: '',
      // What is too much is for the core to say: here it is only counted.
      points: Number.MAX_SAFE_INTEGER,
      duration: 0,
    });
  }

  read(meters: readonly Meter[]): Promise<Reading[]> {
    return Promise.all(
      meters.map((meter) => readingOf(this.#limiter.get(this.#keys.ofMeter(meter)))),
    );
  }

  add(counts: readonly Count[]): Promise<Reading[]> {
    return Promise.all(
      counts.map(({ meter, amount, windowMs }) => {
        const customDuration = Math.max(1, Math.ceil(windowMs / 1_000));
        const key = this.#keys.ofMeter(meter);
        return readingOf(this.#limiter.penalty(key, amount, { customDuration }));
      }),
    );
  }

  async forget(platform: string, author: string): Promise<void> {
    const id = `${platform}:${author}`;
    const units: readonly Meter['unit'][] = ['questions', 'tokens', 'told'];
    const keys = units.map((unit) => this.#keys.ofMeter({ scope: 'person', id, unit }));
    // One person's keys share a partition.
    await this.#connection.try(() => this.#connection.client.del(...keys));
  }
}

async function readingOf(step: Promise<RateLimiterRes | null>): Promise<Reading> {
  const found = await step.catch((error: unknown) => {
    const fault = toStoreFault(error);
    if (fault instanceof StoreUnavailable) throw fault;
    throw new StoreUnavailable('away', 'Redis does not count now', { cause: bare(error) });
  });
  if (found === null) return { used: 0, renewsInMs: 0 };
  const { consumedPoints: used, msBeforeNext } = found;
  if (!Number.isSafeInteger(used)) throw new StoreUnavailable('damaged', 'a meter is no number');
  return { used, renewsInMs: Math.max(0, msBeforeNext) };
}
