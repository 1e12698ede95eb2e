import type { Lease, Secrets } from '../../core/ports/store.ts';
import type { Database, Query } from './connection/database.ts';

/**
 * Who has which role. In memory: this process is the only one on its folder, so that whoever had
 * a role before it began is gone.
 */
export class LeaderLocks {
  readonly #holders = new Map<string, { readonly owner: string; readonly until: number }>();

  /** False while somebody else has it. */
  acquire(role: string, { owner, leaseMs }: Lease): boolean {
    const now = performance.now();
    const holder = this.#holders.get(role);
    if (holder !== undefined && holder.owner !== owner && holder.until > now) return false;
    this.#holders.set(role, { owner, until: now + leaseMs });
    return true;
  }

  release(role: string, owner: string): void {
    if (this.#holders.get(role)?.owner === owner) this.#holders.delete(role);
  }
}

/** Since when an operator wants nothing new to be begun. */
export class OperatorPause {
  readonly #note: Query<unknown>;
  readonly #since: Query<{ pausedSince: number | null }>;

  constructor(db: Database) {
    this.#note = db.query('UPDATE store SET pausedSince = ?');
    this.#since = db.query('SELECT pausedSince FROM store');
  }

  set(since: number | undefined): void {
    this.#note.run(since ?? null);
  }

  since(): number | undefined {
    return this.#since.get()?.pausedSince ?? undefined;
  }
}

/** How far places of platforms were read. */
export class ReadPositions {
  readonly #put: Query<unknown>;
  readonly #of: Query<{ place: string; mark: string }>;
  readonly #delete: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#put = db.query(`
      INSERT INTO bookmark (platform, place, mark, at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET mark = excluded.mark, at = excluded.at`);
    this.#of = db.query('SELECT place, mark FROM bookmark WHERE platform = ?');
    this.#delete = db.query('DELETE FROM bookmark WHERE platform = ? AND place = ?');
    this.#deleteOld = db.query(`
      DELETE FROM bookmark WHERE (platform, place) IN
        (SELECT platform, place FROM bookmark WHERE at < ? LIMIT ?)`);
  }

  save(platform: string, marks: ReadonlyMap<string, string>, now: number): void {
    for (const [place, mark] of marks) {
      if (mark === '') this.#delete.run(platform, place);
      else this.#put.run(platform, place, mark, now);
    }
  }

  of(platform: string): Map<string, string> {
    return new Map(this.#of.all(platform).map(({ place, mark }) => [place, mark]));
  }

  /** Forgets up to `limit` that were last marked before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}

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
