// Tested by test/integration/doctor.test.ts
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { BadConfiguration } from '../../core/domain/errors.ts';
import type { Check, Finding } from '../../core/ports/checkup.ts';
import { isHeld, messageOf, toConfigurationError } from './connection/errors.ts';
import {
  ensureOwn,
  filesIn,
  freeBytes,
  holderIn,
  leastFreeBytes,
} from './connection/data-folder.ts';
import { checkHealth, checkOrigin } from './connection/database.ts';

const id = 'store.sqlite';
const what = 'SQLite';
const disk = { id: 'store.disk', what: 'Disk' };
/** Free space below which the check warns, in bytes. */
const littleBytes = 256 * 1024 * 1024;

type Look = Pick<Finding, 'state' | 'detail' | 'remedy'>;

/**
 * Checks the folder, the database in it, and the free space of its disk. Changes nothing, and takes no
 * lock.
 */
export function sqliteChecks(folder: string): Check {
  return {
    id,
    group: 'store',
    what,
    async run() {
      const path = resolve(folder);
      return [
        { id, what, ...look(path) },
        { ...disk, ...lookAtDisk(path) },
      ];
    },
  };
}

function lookAtDisk(path: string): Look {
  const free = freeBytes(nearestParent(path));
  if (free === Infinity) return { state: 'ok', detail: `how much is free at ${path} is not told` };
  const detail = `${megabytes(free)} free at ${path}`;
  const remedy = `free space on its disk (df -h ${path}), or move DATA_DIR to a larger one; Parley goes on by itself`;
  if (free < leastFreeBytes) {
    // Rounded up, as what is free is rounded down.
    const needed = `new questions are refused below ${megabytes(leastFreeBytes + 1024 * 1024 - 1)}`;
    return { state: 'failed', detail: `full: ${detail}, ${needed}`, remedy };
  }
  return free < littleBytes
    ? { state: 'warning', detail: `nearly full: ${detail}`, remedy }
    : { state: 'ok', detail };
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024).toLocaleString('en')} MB`;
}

function look(path: string): Look {
  if (!existsSync(path)) {
    const parent = nearestParent(dirname(path));
    if (!statSync(parent).isDirectory()) {
      throw new BadConfiguration(
        `The data folder ${path} cannot be made: ${parent} is no folder. Set DATA_DIR to another place.`,
      );
    }
    ensureWritable(path, parent);
    return { state: 'ok', detail: `the first start makes ${path}` };
  }
  const { databasePath, holderPath } = filesIn(path);
  ensureOwn(path, databasePath);
  ensureWritable(path, path);
  if (!existsSync(databasePath)) {
    return { state: 'ok', detail: `${path} is ready for the first start` };
  }
  ensureWritable(databasePath, databasePath);
  if (isInUse(databasePath)) {
    return { state: 'ok', detail: `${path} is in use by ${holderIn(holderPath)}` };
  }
  try {
    inspect(databasePath);
  } catch (error) {
    // What was written last is still in the log beside it, and may be what is missed here.
    if (!existsSync(`${databasePath}-wal`)) throw error;
    return {
      state: 'warning',
      detail: `${databasePath} was not closed, and cannot be judged before the next start repairs it`,
      remedy: 'start Parley: it puts the file in order, or says what is wrong with it',
    };
  }
  return { state: 'ok', detail: `${databasePath} is sound and can be written` };
}

/** Throws `BadConfiguration` unless this user may write there. */
function ensureWritable(path: string, place: string): void {
  try {
    accessSync(place, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new BadConfiguration(
      `${path} cannot be written (${messageOf(cause)}). Make it writable for this user, or set DATA_DIR to another folder.`,
      { cause },
    );
  }
}

function nearestParent(path: string): string {
  if (existsSync(path)) return path;
  const parent = dirname(path);
  return parent === path ? parent : nearestParent(parent);
}

/**
 * Whether a process has locked the database. A read-only handle can never get the exclusive mode, and
 * the error says whether another process has it. Every other way leaves SQLite's log files behind.
 */
function isInUse(databasePath: string): boolean {
  const db = new DatabaseSync(databasePath, { readOnly: true, timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM sqlite_schema');
    return false;
  } catch (error) {
    return isHeld(error);
  } finally {
    db.close();
  }
}

/** Throws `BadConfiguration` if the database is not ours, too new, or damaged. */
function inspect(databasePath: string): void {
  const url = pathToFileURL(databasePath);
  // Without a lock and without a log file of its own; nobody writes now.
  url.searchParams.set('immutable', '1');
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(url, { readOnly: true });
    checkHealth(db, databasePath, checkOrigin(db, databasePath));
  } catch (error) {
    throw toConfigurationError(error, databasePath);
  } finally {
    db?.close();
  }
}
