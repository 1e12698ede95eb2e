import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { StoreUnavailable } from '../../core/domain/errors.ts';
import {
  type MeterCount,
  forgottenPerson,
  type Meter,
  type QuotaMeters,
  type MeterReading,
  type UsageBook,
  type UsageRow,
} from '../../core/ports/usage.ts';
import type { Connection } from './connection/connection.ts';
import { withoutCommand, toStoreError } from './connection/errors.ts';
import type { Keys } from './keys.ts';
import type { Log } from '../../core/ports/log.ts';
import { encode } from './records.ts';

/**
 * What people and workspaces use, counted for all instances. A key each, so that it does not matter
 * where in a cluster they lie; all that is asked at once is sent at once.
 */
export class RedisQuotaMeters implements QuotaMeters {
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

  read(meters: readonly Meter[]): Promise<MeterReading[]> {
    return Promise.all(
      meters.map((meter) => readingOf(this.#limiter.get(this.#keys.ofMeter(meter)))),
    );
  }

  add(counts: readonly MeterCount[]): Promise<MeterReading[]> {
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
    await this.#connection.send(() => this.#connection.client.del(...keys));
  }
}

async function readingOf(step: Promise<RateLimiterRes | null>): Promise<MeterReading> {
  const found = await step.catch((error: unknown) => {
    const fault = toStoreError(error);
    if (fault instanceof StoreUnavailable) throw fault;
    throw new StoreUnavailable('away', 'Redis does not count now', {
      cause: withoutCommand(error),
    });
  });
  if (found === null) return { used: 0, renewsInMs: 0 };
  const { consumedPoints: used, msBeforeNext } = found;
  if (!Number.isSafeInteger(used)) throw new StoreUnavailable('damaged', 'a meter is no number');
  return { used, renewsInMs: Math.max(0, msBeforeNext) };
}

const dayMs = 24 * 60 * 60 * 1_000;
/** As long as it is ever kept. */
const mostDays = 3_660;
/** Days that are asked for at a time. */
const batch = 400;

const counts = [
  'questions',
  'answers',
  'inputTokens',
  'outputTokens',
  'countedTokens',
] as const satisfies (keyof UsageRow)[];

/** Who used it: platform, workspace, person, model. */
type Who = readonly [string, string, string, string];

/** Who used what of which model, a hash for each day that goes with its time. */
export class RedisUsageBook implements UsageBook {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #keptSeconds: number;
  readonly #log: Log;

  constructor(connection: Connection, keys: Keys, options: { usageMs: number; log: Log }) {
    this.#connection = connection;
    this.#keys = keys;
    // The day itself comes on top.
    this.#keptSeconds = Math.ceil((options.usageMs + dayMs) / 1_000);
    this.#log = options.log;
  }

  /** Sent once: what is repeated after a lost answer might count twice. */
  async record(row: UsageRow): Promise<void> {
    const { usage: key, names } = this.#keys.ofUsage(row.day);
    const who = encode([row.platform, row.workspace, row.person, row.model]);
    const steps = this.#connection.client.multi();
    for (const count of counts) {
      if (row[count] !== 0) steps.hincrby(key, `${count} ${who}`, row[count]);
    }
    steps.expire(key, this.#keptSeconds);
    if (row.name !== undefined) {
      steps.hset(names, row.person, row.name.toWellFormed());
      steps.expire(names, this.#keptSeconds);
    }
    try {
      const done = await steps.exec();
      for (const [error] of done ?? []) if (error !== null) throw error;
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async read(fromDay: string): Promise<UsageRow[]> {
    const rows: UsageRow[] = [];
    const { client } = this.#connection;
    await this.#eachDay(fromDay, async (day, keys) => {
      const [found, names] = await Promise.all([
        this.#connection.send(() => client.hgetall(keys.usage)),
        this.#connection.send(() => client.hgetall(keys.names)),
      ]);
      for (const row of this.#rowsOf(day, found)) {
        const name = names[row.person];
        rows.push(name === undefined ? row : { ...row, name });
      }
    });
    return rows;
  }

  /** What a person used was nobody's from now on. */
  async forget(platform: string, author: string): Promise<void> {
    const person = `${platform}:${author}`;
    const first = new Date(Date.now() - mostDays * dayMs);
    await this.#eachDay(dayOf(first), async (_day, keys) => {
      const fields = await this.#connection.send(() => this.#connection.client.hkeys(keys.usage));
      const moves = fields.flatMap((field) => {
        const { count, who } = partsOf(field) ?? {};
        if (count === undefined || who?.[2] !== person) return [];
        const [, workspace, , model] = who;
        return [
          field,
          `${count} ${encode([platform, workspace, forgottenPerson(platform), model])}`,
        ];
      });
      if (moves.length === 0) return;
      await this.#connection.runScript('forget-usage', keys, { person }, moves);
    });
  }

  async #eachDay(
    fromDay: string,
    step: (day: string, keys: { usage: string; names: string }) => Promise<void>,
  ): Promise<void> {
    const days: string[] = [];
    // Another machine's clock may be a bit ahead of this one's.
    const end = Date.now() + dayMs;
    for (let at = Date.parse(fromDay); at <= end; at += dayMs) days.push(dayOf(new Date(at)));
    for (let i = 0; i < days.length; i += batch) {
      const some = days.slice(i, i + batch);
      await Promise.all(some.map((day) => step(day, this.#keys.ofUsage(day))));
    }
  }

  #rowsOf(day: string, found: Readonly<Record<string, string>>): UsageRow[] {
    const rows = new Map<string, UsageRow>();
    let lost = 0;
    for (const [field, value] of Object.entries(found)) {
      const parts = partsOf(field);
      if (parts === undefined || !/^\d+$/.test(value)) {
        lost += 1;
        continue;
      }
      const [platform, workspace, person, model] = parts.who;
      const id = encode(parts.who);
      const row = rows.get(id) ?? { day, platform, workspace, person, model, ...nothing };
      rows.set(id, { ...row, [parts.count]: Number(value) });
    }
    if (lost > 0) this.#log.error({ day, what: 'usage', lost }, 'damaged value left out');
    return [...rows.values()];
  }
}

const nothing = { questions: 0, answers: 0, inputTokens: 0, outputTokens: 0, countedTokens: 0 };

/** What a field counts, and for whom; undefined if it cannot be read. */
function partsOf(field: string): { count: (typeof counts)[number]; who: Who } | undefined {
  const [, name = '', json = ''] = /^(\w+) (\[.*\])$/s.exec(field) ?? [];
  const count = counts.find((each) => each === name);
  if (count === undefined) return undefined;
  try {
    const who: unknown = JSON.parse(json);
    const isWho =
      Array.isArray(who) && who.length === 4 && who.every((id) => typeof id === 'string');
    return isWho ? { count, who: who as unknown as Who } : undefined;
  } catch {
    return undefined;
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
