// Tested by test/contract/store/sqlite.test.ts
import type { Lease, Secrets } from '../../core/ports/store.ts';
import type { Database, Query } from './connection/database.ts';

/**
 * Leaders, the operator's pause, and read positions. Leaders are in memory: this process alone has
 * the folder, so that holders of before it began are gone. Writes are steps to be committed.
 */
export class Coordination {
  readonly #leaders = new Map<string, { readonly owner: string; readonly until: number }>();
  readonly #setPaused: Query<unknown>;
  readonly #paused: Query<{ pausedSince: number | null }>;
  readonly #positions: Query<{ place: string; mark: string }>;
  readonly #savePosition: Query<unknown>;
  readonly #deletePosition: Query<unknown>;

  constructor(db: Database) {
    this.#setPaused = db.query('UPDATE store SET pausedSince = ?');
    this.#paused = db.query('SELECT pausedSince FROM store');
    this.#positions = db.query('SELECT place, mark FROM bookmark WHERE platform = ?');
    this.#savePosition = db.query(`
      INSERT INTO bookmark (platform, place, mark, at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET mark = excluded.mark, at = excluded.at`);
    this.#deletePosition = db.query('DELETE FROM bookmark WHERE platform = ? AND place = ?');
  }

  acquireLeadership(role: string, { owner, leaseMs }: Lease): boolean {
    const now = performance.now();
    const leader = this.#leaders.get(role);
    if (leader !== undefined && leader.owner !== owner && leader.until > now) return false;
    this.#leaders.set(role, { owner, until: now + leaseMs });
    return true;
  }

  releaseLeadership(role: string, owner: string): void {
    if (this.#leaders.get(role)?.owner === owner) this.#leaders.delete(role);
  }

  setPausedSince(since: number | undefined): void {
    this.#setPaused.run(since ?? null);
  }

  pausedSince(): number | undefined {
    return this.#paused.get()?.pausedSince ?? undefined;
  }

  readPositions(platform: string): Map<string, string> {
    return new Map(this.#positions.all(platform).map(({ place, mark }) => [place, mark]));
  }

  saveReadPositions(platform: string, positions: ReadonlyMap<string, string>, now: number): void {
    for (const [channel, position] of positions) {
      if (position === '') this.#deletePosition.run(platform, channel);
      else this.#savePosition.run(platform, channel, position, now);
    }
  }
}

/** Secrets, in the table `secret`. */
export class SqliteSecrets implements Secrets {
  readonly #db: Database;
  readonly #put: Query<unknown>;
  readonly #find: Query<{ value: string }>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = db.query(`
      INSERT INTO secret (name, value, until) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET value = excluded.value, until = excluded.until
      WHERE secret.until <= ?`);
    this.#find = db.query(`
      SELECT value FROM secret WHERE name = ? AND (until IS NULL OR until > ?)`);
  }

  async keep(name: string, value: string, lifeMs?: number): Promise<string> {
    const kept = this.#db.write(() => {
      const now = Date.now();
      this.#put.run(name, value, lifeMs === undefined ? null : now + lifeMs, now);
      return this.#find.get(name, now)?.value ?? value;
    });
    // Also when nothing changed: an earlier value may not be on the disk yet.
    await this.#db.durable();
    return kept;
  }

  async find(name: string): Promise<string | undefined> {
    return this.#db.read(() => this.#find.get(name, Date.now())?.value);
  }
}
