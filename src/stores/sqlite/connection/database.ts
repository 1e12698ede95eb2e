import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../../../core/domain/errors.ts';
import { toStoreFault } from './errors.ts';
import type { WalSync } from './wal-sync.ts';

/** One prepared statement; `Row` is the shape of what it selects. */
export interface Query<Row> {
  all(...values: SQLInputValue[]): Row[];
  get(...values: SQLInputValue[]): Row | undefined;
  /** Returns how many rows changed. */
  run(...values: SQLInputValue[]): number;
}

/** An open database that belongs to this process alone. Steps run one after the other. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #sync: WalSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #changes: Query<{ n: number }>;
  /** Why nothing works any more. */
  #ended: StoreUnavailable | undefined;

  constructor(db: DatabaseSync, sync: WalSync) {
    this.#db = db;
    this.#sync = sync;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#changes = this.query('SELECT total_changes() AS n');
  }

  query<Row = unknown>(sql: string): Query<Row> {
    const statement = this.#db.prepare(sql);
    return {
      all: (...values) => statement.all(...values) as Row[],
      get: (...values) => statement.get(...values) as Row | undefined,
      run: (...values) => Number(statement.run(...values).changes),
    };
  }

  read<T>(step: () => T): T {
    if (this.#ended !== undefined) throw this.#ended;
    try {
      return step();
    } catch (error) {
      throw toStoreFault(error);
    }
  }

  /** Takes a step as one transaction: all of it, or, if it throws, nothing. */
  write<T>(step: () => T): T {
    return this.read(() => {
      const before = this.#totalChanges();
      this.#begin.run();
      try {
        const result = step();
        this.#commit.run();
        if (this.#totalChanges() !== before) this.#sync.wrote();
        return result;
      } catch (error) {
        // After some faults, such as a full disk, SQLite has rolled back by itself.
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Resolves once every step so far would survive loss of power. */
  async durable(): Promise<void> {
    try {
      await this.#sync.durable();
    } catch (cause) {
      // What a disk failed to sync may be gone, though it still reads well: nothing that this
      // process sees can be trusted from here on. Opening again reads what is really there.
      this.#ended ??= new StoreUnavailable(
        'damaged',
        'the disk did not keep what was written; check it, then restart',
        { cause },
      );
      throw this.#ended;
    }
  }

  /** Once only. Steps taken until now are kept; later ones are refused. */
  async close(): Promise<void> {
    this.#ended ??= new StoreUnavailable('away', 'the store is closed');
    try {
      await this.#sync.durable();
    } finally {
      await this.#sync.close();
      this.#db.close();
    }
  }

  #totalChanges(): number {
    return this.#changes.get()?.n ?? 0;
  }
}
