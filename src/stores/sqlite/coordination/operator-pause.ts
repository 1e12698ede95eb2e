import type { Database, Query } from '../connection/database.ts';

/** Since when an operator wants nothing new to be begun. */
export class PauseNote {
  readonly #note: Query<unknown>;
  readonly #since: Query<{ pausedSince: number | null }>;

  constructor(db: Database) {
    this.#note = db.query('UPDATE store SET pausedSince = ?');
    this.#since = db.query('SELECT pausedSince FROM store');
  }

  note(since: number | undefined): void {
    this.#note.run(since ?? null);
  }

  since(): number | undefined {
    return this.#since.get()?.pausedSince ?? undefined;
  }
}
