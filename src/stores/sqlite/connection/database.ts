import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../../../core/domain/errors.ts';
import { toStoreError } from './errors.ts';
import { type FileHandle, open } from 'node:fs/promises';

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
      throw toStoreError(error);
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
        if (this.#totalChanges() !== before) this.#sync.noteWrite();
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

/**
 * Makes commits survive loss of power without blocking the event loop.
 *
 * SQLite itself would sync its write-ahead log inside each commit, 0.3 to 10 ms during which no
 * reply moves. Here commits only write to the log, and the sync follows on a worker thread:
 * one at a time, each for all commits made before it began. The log is written in order, so
 * whatever a synced commit builds on is synced, too; and SQLite syncs by itself whenever it moves
 * the log's content into the database.
 */
export class WalSync {
  readonly #file: FileHandle;
  #written = 0;
  #synced = 0;
  #running: Promise<void> | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** For the log at `path`, which must exist and stay the same file until `close`. */
  static async open(path: string): Promise<WalSync> {
    return new WalSync(await open(path, 'r+'));
  }

  /** A commit was written. */
  noteWrite(): void {
    this.#written += 1;
  }

  /** Resolves once every commit written so far is on the disk; throws what the disk says. */
  async durable(): Promise<void> {
    const goal = this.#written;
    while (this.#synced < goal) {
      this.#running ??= this.#sync();
      await this.#running;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    const reached = this.#written;
    try {
      await this.#file.datasync();
      this.#synced = reached;
    } finally {
      this.#running = undefined;
    }
  }
}
