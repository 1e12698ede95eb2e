// Tested by test/contract/quotas/quotas.test.ts
import { type RateLimiterRes, RateLimiterSQLite } from 'rate-limiter-flexible';
import type { SQLInputValue } from 'node:sqlite';
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
import type { Database, Query } from './connection/database.ts';

/** Counts what people and workspaces use, in the table `meter`, so that a restart resets no quota. */
export class SqliteQuotaMeters implements QuotaMeters {
  readonly #db: Database;
  readonly #limiter: RateLimiterSQLite;
  readonly #forget: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    this.#limiter = new RateLimiterSQLite({
      storeClient: new LimiterClient(db),
      storeType: 'better-sqlite3',
      tableName: 'meter',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: '',
      // The core decides what is too much; this only counts.
      points: Number.MAX_SAFE_INTEGER,
      duration: 0,
    });
    this.#forget = db.query('DELETE FROM meter WHERE key IN (?, ?, ?)');
  }

  read(meters: readonly Meter[]): Promise<MeterReading[]> {
    return Promise.all(
      meters.map(async (meter) => readingOf(await this.#limiter.get(keyOf(meter)))),
    );
  }

  async add(counts: readonly MeterCount[]): Promise<MeterReading[]> {
    const readings = await Promise.all(
      counts.map(async ({ meter, amount, windowMs }) => {
        const customDuration = Math.max(1, Math.ceil(windowMs / 1_000));
        return readingOf(await this.#limiter.penalty(keyOf(meter), amount, { customDuration }));
      }),
    );
    await this.#db.durable();
    return readings;
  }

  /** A step to be committed. */
  forget(platform: string, authorId: string): void {
    const id = `${platform}:${authorId}`;
    this.#forget.run(...meterUnits.map((unit) => keyOf({ scope: 'person', id, unit })));
  }
}

/** Our database with the methods of better-sqlite3 that the limiter uses. */
class LimiterClient {
  readonly #db: Database;
  readonly #queries = new Map<string, Query<unknown>>();

  constructor(db: Database) {
    this.#db = db;
  }

  prepare(sql: string) {
    const query = this.#queries.get(sql) ?? this.#db.query(sql);
    this.#queries.set(sql, query);
    return { get: (...values: SQLInputValue[]) => this.#db.read(() => query.get(...values)) };
  }

  transaction<T>(step: () => T): () => T {
    return () => this.#db.write(step);
  }
}

function keyOf({ scope, id, unit }: Meter): string {
  return `${unit}:${scope}:${id}`;
}

function readingOf(found: RateLimiterRes | null): MeterReading {
  return { used: found?.consumedPoints ?? 0, renewsInMs: found?.msBeforeNext ?? 0 };
}

type StoredRow = Omit<UsageRow, 'name'> & { readonly name: string | null };

/** Usage by day, in the table `usage`. */
export class SqliteUsageBook implements UsageBook {
  readonly #db: Database;
  readonly #add: Query<unknown>;
  readonly #read: Query<StoredRow>;
  readonly #move: Query<unknown>;
  readonly #forget: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    const counts = usageCounts.join(', ');
    const columns = `day, platform, workspace, person, model, ${counts}`;
    const sums = usageCounts.map((count) => `${count} = ${count} + excluded.${count}`).join(', ');
    const adding = `ON CONFLICT DO UPDATE SET ${sums}, name = coalesce(excluded.name, name)`;
    this.#add = db.query(`
      INSERT INTO usage (${columns}, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ${adding}`);
    this.#move = db.query(`
      INSERT INTO usage (${columns})
      SELECT day, platform, workspace, ?, model, ${counts} FROM usage WHERE person = ? ${adding}`);
    this.#read = db.query('SELECT * FROM usage WHERE day >= ?');
    this.#forget = db.query('DELETE FROM usage WHERE person = ?');
  }

  async record(row: UsageRow): Promise<void> {
    const { day, platform, workspace, person, model, name = null } = row;
    const subject = [day, platform, workspace, person, model];
    const counts = usageCounts.map((count) => row[count]);
    this.#db.write(() => this.#add.run(...subject, ...counts, name));
    await this.#db.durable();
  }

  async read(fromDay: string): Promise<UsageRow[]> {
    const rows = this.#db.read(() => this.#read.all(fromDay));
    return rows.map(({ name, ...row }) => ({ ...row, ...(name !== null && { name }) }));
  }

  /** Moves a person's usage to nobody, so that the sums stay. A step to be committed. */
  forget(platform: string, authorId: string): void {
    const person = `${platform}:${authorId}`;
    this.#move.run(forgottenPerson(platform), person);
    this.#forget.run(person);
  }
}
