import { type RateLimiterRes, RateLimiterSQLite } from 'rate-limiter-flexible';
import type { SQLInputValue } from 'node:sqlite';
import {
  type MeterCount,
  forgottenPerson,
  type Meter,
  type QuotaMeters,
  type MeterReading,
  type UsageBook,
  type UsageRow,
} from '../../core/ports/usage.ts';
import type { Database, Query } from './connection/database.ts';

/** What people and workspaces use, in the table `meter`, so that a restart gives nobody more. */
export class SqliteQuotaMeters implements QuotaMeters {
  readonly #db: Database;
  readonly #limiter: RateLimiterSQLite;
  readonly #forget: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    this.#limiter = new RateLimiterSQLite({
      storeClient: new LimiterClient(db),
      storeType: 'better-sqlite3',
      tableName: 'meter',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: '',
      // What is too much is for the core to say: here it is only counted.
      points: Number.MAX_SAFE_INTEGER,
      duration: 0,
    });
    this.#forget = db.query('DELETE FROM meter WHERE key IN (?, ?, ?)');
    this.#deleteOld = db.query(`
      DELETE FROM meter WHERE key IN (SELECT key FROM meter WHERE expire < ? LIMIT ?)`);
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
  forget(person: string): void {
    const units: readonly Meter['unit'][] = ['questions', 'tokens', 'told'];
    this.#forget.run(...units.map((unit) => keyOf({ scope: 'person', id: person, unit })));
  }

  /** Forgets up to `limit` windows that ended before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}

/** Our database as the limiter knows one: by the part of better-sqlite3 that it uses. */
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

/** Who used what of which model on a day. */
export class SqliteUsageBook implements UsageBook {
  readonly #db: Database;
  readonly #add: Query<unknown>;
  readonly #read: Query<StoredRow>;
  readonly #move: Query<unknown>;
  readonly #forget: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    const columns = `day, platform, workspace, person, model,
      questions, answers, inputTokens, outputTokens, countedTokens`;
    const adding = `ON CONFLICT DO UPDATE SET
      questions = questions + excluded.questions,
      answers = answers + excluded.answers,
      inputTokens = inputTokens + excluded.inputTokens,
      outputTokens = outputTokens + excluded.outputTokens,
      countedTokens = countedTokens + excluded.countedTokens,
      name = coalesce(excluded.name, name)`;
    this.#add = db.query(`
      INSERT INTO usage (${columns}, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ${adding}`);
    this.#move = db.query(`
      INSERT INTO usage (${columns})
      SELECT day, platform, workspace, ?, model,
        questions, answers, inputTokens, outputTokens, countedTokens
      FROM usage WHERE person = ? ${adding}`);
    this.#read = db.query('SELECT * FROM usage WHERE day >= ?');
    this.#forget = db.query('DELETE FROM usage WHERE person = ?');
    this.#deleteOld = db.query(`
      DELETE FROM usage WHERE (day, platform, workspace, person, model) IN
        (SELECT day, platform, workspace, person, model FROM usage
         WHERE day < strftime('%Y-%m-%d', ? / 1000.0, 'unixepoch') LIMIT ?)`);
  }

  async record(row: UsageRow): Promise<void> {
    const { day, platform, workspace, person, model, name = null } = row;
    const { questions, answers, inputTokens, outputTokens, countedTokens } = row;
    const who = [day, platform, workspace, person, model];
    const what = [questions, answers, inputTokens, outputTokens, countedTokens];
    this.#db.write(() => this.#add.run(...who, ...what, name));
    await this.#db.durable();
  }

  async read(fromDay: string): Promise<UsageRow[]> {
    const rows = this.#db.read(() => this.#read.all(fromDay));
    return rows.map(({ name, ...row }) => ({ ...row, ...(name !== null && { name }) }));
  }

  /** What a person used was nobody's from now on. A step to be committed. */
  forget(platform: string, authorId: string): void {
    const person = `${platform}:${authorId}`;
    this.#move.run(forgottenPerson(platform), person);
    this.#forget.run(person);
  }

  /** Forgets up to `limit` rows of days before that of `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
