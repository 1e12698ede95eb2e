// Tested by test/contract/quotas/quotas.test.ts
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { StoreUnavailable } from '../../core/domain/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import {
  forgottenPerson,
  type Meter,
  type MeterCount,
  type MeterReading,
  meterUnits,
  type QuotaMeters,
  type UsageBook,
  usageCounts,
  type UsageRow,
} from '../../core/ports/usage.ts';
import type { Connection } from './connection/connection.ts';
import { toStoreError, withoutCommand } from './connection/errors.ts';
import type { Keys } from './keys.ts';
import { encode } from './records.ts';

/**
 * Counts what people and workspaces use, for all instances. Each meter is a key of its own, so that
 * it may be on any node of a cluster; all meters of one call are sent together.
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
      // A count does not wait for a Redis that is away, and is not sent a second time.
      rejectIfRedisNotReady: true,
      keyPrefix: '',
      // The core decides what is too much; this only counts.
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
    const keys = meterUnits.map((unit) => this.#keys.ofMeter({ scope: 'person', id, unit }));
    // One person's keys share a partition.
    await this.#connection.send((client) => client.del(...keys));
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
/** Longest time for which usage is kept, in days (USAGE_DAYS). */
const mostDays = 3_660;
/** Days that are read at a time. */
const batch = 400;

type UsageCount = (typeof usageCounts)[number];

/** What a count belongs to. */
type Subject = readonly [platform: string, workspace: string, person: string, model: string];

/** Usage by day: a hash for each day, which expires. */
export class RedisUsageBook implements UsageBook {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #keptSeconds: number;
  readonly #log: Log;

  constructor(connection: Connection, keys: Keys, options: { usageMs: number; log: Log }) {
    this.#connection = connection;
    this.#keys = keys;
    // From the end of the day on.
    this.#keptSeconds = Math.ceil((options.usageMs + dayMs) / 1_000);
    this.#log = options.log;
  }

  /** Sent once: a repetition after a lost response might count twice. */
  async record(row: UsageRow): Promise<void> {
    const { usage: key, names } = this.#keys.ofUsage(row.day);
    const subject = encode([row.platform, row.workspace, row.person, row.model]);
    const steps = this.#connection.client.multi();
    for (const count of usageCounts) {
      if (row[count] !== 0) steps.hincrby(key, `${count} ${subject}`, row[count]);
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
    await this.#eachDay(fromDay, async (day, keys) => {
      const [found, names] = await Promise.all([
        this.#connection.send((client) => client.hgetall(keys.usage)),
        this.#connection.send((client) => client.hgetall(keys.names)),
      ]);
      for (const row of this.#rowsOf(day, found)) {
        const name = names[row.person];
        rows.push(name === undefined ? row : { ...row, name });
      }
    });
    return rows;
  }

  /** Moves a person's usage to nobody, so that the sums stay. */
  async forget(platform: string, author: string): Promise<void> {
    const person = `${platform}:${author}`;
    const first = new Date(Date.now() - mostDays * dayMs);
    await this.#eachDay(dayOf(first), async (_day, keys) => {
      const fields = await this.#connection.send((client) => client.hkeys(keys.usage));
      const moves = fields.flatMap((field) => {
        const { count, subject } = parseField(field) ?? {};
        if (count === undefined || subject?.[2] !== person) return [];
        const [, workspace, , model] = subject;
        const nobody = encode([platform, workspace, forgottenPerson(platform), model]);
        return [field, `${count} ${nobody}`];
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
    // Another machine's clock may be ahead of this one's.
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
      const parts = parseField(field);
      if (parts === undefined || !/^\d+$/.test(value)) {
        lost += 1;
        continue;
      }
      const [platform, workspace, person, model] = parts.subject;
      const id = encode(parts.subject);
      const row = rows.get(id) ?? { day, platform, workspace, person, model, ...nothing };
      rows.set(id, { ...row, [parts.count]: Number(value) });
    }
    if (lost > 0) this.#log.error({ day, what: 'usage', lost }, 'damaged value left out');
    return [...rows.values()];
  }
}

const nothing = { questions: 0, answers: 0, inputTokens: 0, outputTokens: 0, countedTokens: 0 };

/** Undefined if the field cannot be read. */
function parseField(field: string): { count: UsageCount; subject: Subject } | undefined {
  const [, name = '', json = ''] = /^(\w+) (\[.*\])$/s.exec(field) ?? [];
  const count = usageCounts.find((each) => each === name);
  if (count === undefined) return undefined;
  try {
    const ids: unknown = JSON.parse(json);
    const areIds =
      Array.isArray(ids) && ids.length === 4 && ids.every((id) => typeof id === 'string');
    return areIds ? { count, subject: ids as unknown as Subject } : undefined;
  } catch {
    return undefined;
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
