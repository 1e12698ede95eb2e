import { DatabaseSync } from 'node:sqlite';
import { BadConfiguration } from '../../../core/domain/errors.ts';
import { Database, WalSync } from './database.ts';
import { damaged, isHeld, toConfigurationError } from './errors.ts';
import type { DataFolder } from './data-folder.ts';
import { applicationId, migrate, schemaVersion } from '../schema.ts';

/** How long a start waits for a predecessor that is just letting go. */
const handoverMs = 1_000;
/** Up to this size the whole file is checked at start, which takes about a second. */
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
    // Every owner of before is gone, as the lock proves: what they left can be taken up at once.
    db.exec('UPDATE turn SET owner = NULL WHERE owner IS NOT NULL');
    // Any write makes sure that the log exists.
    db.exec('UPDATE store SET checkedAt = checkedAt');
    folder.noteHolder();
    return new Database(db, await WalSync.open(`${path}-wal`));
  } catch (error) {
    db?.close();
    throw toConfigurationError(error, path);
  }
}

/** A kernel lock on the file: it goes with the process, however that ends. */
function lock(db: DatabaseSync, folder: DataFolder): void {
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
  } catch (error) {
    throw isHeld(error) ? folder.heldByAnother(error) : error;
  }
}

/** Whose file it is; returns its version, 0 for a new one. */
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

/** Finds damage before it spreads; of a large file only the part that is about open questions. */
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
