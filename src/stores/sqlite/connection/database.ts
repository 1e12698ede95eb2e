// Tested by test/contract/store/sqlite.test.ts
import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';
import { applicationId, migrate, schemaVersion } from '../schema.ts';
import type { DataFolder } from './data-folder.ts';
import { damaged, isHeld, toConfigurationError, toStoreError } from './errors.ts';

/** One prepared statement; `Row` is the type of the rows that it selects. */
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
  /** Why every step is refused from now on. */
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

  /** Runs a step as one transaction: all of it is applied or, if it throws, nothing. */
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

  /** Resolves once every step so far would survive a power failure. */
  async durable(): Promise<void> {
    try {
      await this.#sync.durable();
    } catch (cause) {
      // Data that a disk failed to sync may be lost, though it can still be read: nothing that this
      // process reads can be trusted from here on. Opening again reads what is really stored.
      this.#ended ??= new StoreUnavailable(
        'damaged',
        'the disk did not keep what was written; check it, then restart',
        { cause },
      );
      throw this.#ended;
    }
  }

  /** To be called once. Earlier steps are kept; later ones are refused. */
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
 * Makes commits survive a power failure without blocking the event loop.
 *
 * SQLite itself would sync its write-ahead log inside each commit: 0.3 to 10 ms in which no reply is
 * updated. Here a commit only writes to the log, and the sync follows on a worker thread: one at a
 * time, each for all commits before it. The log is written in order, so the commits that a synced
 * one builds on are synced, too; and SQLite syncs by itself when it moves the log into the database.
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

  /** Notes that a commit was written. */
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

/** Time that a start waits for the process before it to release the database, in milliseconds. */
const handoverMs = 1_000;
/** Largest file that is checked whole at start, which takes about a second, in bytes. */
const wholeCheckBytes = 256 * 1024 * 1024;

/**
 * Opens the folder's database, locks it for the life of the process, checks it and brings it up
 * to date. Throws `BadConfiguration` with what to do; a file that is not as expected stays as it
 * is.
 */
export async function openDatabase(folder: DataFolder, maxPages?: number): Promise<Database> {
  const path = folder.databasePath;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: handoverMs });
    lock(db, folder);
    const version = checkOrigin(db, path);
    checkHealth(db, path, version);
    // Syncs are ours: see WalSync.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    migrate(db, version);
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    // The lock proves that all earlier owners are gone: their turns can be claimed at once.
    db.exec('UPDATE turn SET owner = NULL WHERE owner IS NOT NULL');
    // A write, so that the log exists.
    db.exec('UPDATE store SET checkedAt = checkedAt');
    folder.noteHolder();
    return new Database(db, await WalSync.open(`${path}-wal`));
  } catch (error) {
    db?.close();
    throw toConfigurationError(error, path);
  }
}

/** A kernel lock on the file, which ends with the process, however that ends. */
function lock(db: DatabaseSync, folder: DataFolder): void {
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
  } catch (error) {
    throw isHeld(error) ? folder.heldByAnother(error) : error;
  }
}

/** Checks that the file is Parley's; returns its version, 0 for a new one. */
export function checkOrigin(db: DatabaseSync, path: string): number {
  const tables = numberFrom(db, 'SELECT count(*) AS n FROM sqlite_schema');
  const version = numberFrom(db, 'SELECT user_version AS n FROM pragma_user_version');
  const owner = numberFrom(db, 'SELECT application_id AS n FROM pragma_application_id');
  if (tables > 0 && owner !== applicationId) {
    throw new BadConfiguration(
      `${path} is another program's database. It was left as it is: set DATA_DIR to a folder of Parley's own.`,
    );
  }
  if (version > schemaVersion) {
    throw new BadConfiguration(
      `${path} was written by a newer version of Parley (its format is ${version}, this one knows ${schemaVersion}). Start the newer version, or set DATA_DIR to another folder.`,
    );
  }
  return version;
}

/** Finds damage before it spreads; of a large file it checks only the tables of open questions. */
export function checkHealth(db: DatabaseSync, path: string, version: number): void {
  const bytes = numberFrom(
    db,
    'SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size',
  );
  const large = version > 0 && bytes > wholeCheckBytes;
  const checks = large ? ["('store')", "('question')", "('turn')", "('page')"] : ['(1)'];
  for (const check of checks) {
    const found = db.prepare(`PRAGMA quick_check${check}`).get()?.['quick_check'];
    if (found !== 'ok') throw damaged(path, new Error(String(found).replaceAll(/\s+/g, ' ')));
  }
}

function numberFrom(db: DatabaseSync, sql: string): number {
  return Number(db.prepare(sql).get()?.['n']);
}
