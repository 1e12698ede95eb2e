import type { Secrets } from '../../../core/ports/secrets.ts';
import type { Database, Query } from '../connection/database.ts';

/** What the service made for itself, such as keys. */
export class SqliteSecrets implements Secrets {
  readonly #db: Database;
  readonly #put: Query<unknown>;
  readonly #find: Query<{ value: string }>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = db.query(`
      INSERT INTO secret (name, value, until) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET value = excluded.value, until = excluded.until
      WHERE secret.until <= ?`);
    this.#find = db.query(`
      SELECT value FROM secret WHERE name = ? AND (until IS NULL OR until > ?)`);
    this.#deleteOld = db.query(`
      DELETE FROM secret WHERE name IN (SELECT name FROM secret WHERE until < ? LIMIT ?)`);
  }

  async keep(name: string, made: string, lifeMs?: number): Promise<string> {
    const kept = this.#db.write(() => {
      const now = Date.now();
      this.#put.run(name, made, lifeMs === undefined ? null : now + lifeMs, now);
      return this.#find.get(name, now)?.value ?? made;
    });
    // Also when nothing changed: what stands there may not be on the disk yet.
    await this.#db.durable();
    return kept;
  }

  async find(name: string): Promise<string | undefined> {
    return this.#db.read(() => this.#find.get(name, Date.now())?.value);
  }

  /** Forgets up to `limit` whose time was over before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
