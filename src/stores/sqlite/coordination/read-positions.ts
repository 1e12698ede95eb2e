import type { Database, Query } from '../connection/database.ts';

/** How far places of platforms were read. */
export class Bookmarks {
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

  put(platform: string, marks: ReadonlyMap<string, string>, now: number): void {
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
