// Tested by test/integration/sqlite-faults.test.ts
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';
import { diskFullTrouble, messageOf } from './errors.ts';
import { maxMessageChars } from '../../../core/domain/message.ts';
import type { Database, Query } from './database.ts';

/** Access for this user alone: the files hold people's messages. */
const folderMode = 0o700;
const fileMode = 0o600;
/** The sticky bit marks folders that all users share, such as /tmp. */
const stickyBit = 0o1000;

/** The folder of one store, and the note in it that names the process that uses it. */
export class DataFolder {
  readonly path: string;
  readonly databasePath: string;
  readonly #holderPath: string;

  /** Creates the folder, or restricts access to it. Throws `BadConfiguration` if it cannot. */
  constructor(path: string) {
    this.path = resolve(path);
    const { databasePath, holderPath } = filesIn(this.path);
    this.databasePath = databasePath;
    this.#holderPath = holderPath;
    try {
      make(this.path);
      this.#tighten();
      this.#createDatabaseFile();
    } catch (error) {
      if (error instanceof BadConfiguration) throw error;
      throw new BadConfiguration(
        `The data folder ${this.path} cannot be used (${messageOf(error)}). Make it a folder that this user can write, or set DATA_DIR to another one.`,
        { cause: error },
      );
    }
  }

  #tighten(): void {
    if (ensureOwn(this.path, this.databasePath) === 'open') chmodSync(this.path, folderMode);
  }

  /**
   * Created here for its mode, which SQLite copies to its log files. The file is never opened for
   * anything else: closing any handle to it would drop this process's lock on it (POSIX).
   */
  #createDatabaseFile(): void {
    const found = statSync(this.databasePath, { throwIfNoEntry: false });
    if (found === undefined) {
      writeFileSync(this.databasePath, '', { flag: 'ax', mode: fileMode });
    } else if (!found.isFile()) {
      throw new BadConfiguration(
        `${this.databasePath} is not a file. It was left as it is: move it away, or set DATA_DIR to another folder.`,
      );
    } else if ((found.mode & 0o077) !== 0) {
      chmodSync(this.databasePath, fileMode);
    }
  }

  /** Writes the note; the lock itself is the database's. */
  noteHolder(): void {
    const holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    writeFileSync(this.#holderPath, `${JSON.stringify(holder)}\n`, { mode: fileMode });
  }

  forgetHolder(): void {
    rmSync(this.#holderPath, { force: true });
  }

  /** The error where another process, or another store in this one, uses the folder. */
  heldByAnother(cause: unknown): BadConfiguration {
    return new BadConfiguration(
      `The data folder ${this.path} is in use by ${holderIn(this.#holderPath)}. Stop that one first, or set DATA_DIR to a folder of this one's own.`,
      { cause },
    );
  }
}

/** The process that uses a folder, as the note in it names it. */
export function holderIn(holderPath: string): string {
  // Only for people. The note may be missing or half written.
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderPath, 'utf8')) as Holder;
    return `process ${pid} on ${host} since ${since}`;
  } catch {
    return 'another process';
  }
}

/**
 * Whether other users can read an existing folder. Throws `BadConfiguration` if it cannot be a
 * store's own. Changes nothing.
 */
export function ensureOwn(path: string, databasePath: string): 'open' | 'closed' {
  const found = statSync(path);
  const { mode } = found;
  if (!found.isDirectory()) {
    throw new BadConfiguration(
      `${path} is no folder. It was left as it is: set DATA_DIR to another place.`,
    );
  }
  if ((mode & stickyBit) !== 0 || dirname(path) === path) {
    throw new BadConfiguration(
      `The data folder ${path} is shared with other programs. Set DATA_DIR to a folder of Parley's own, such as ${join(path, 'parley')}.`,
    );
  }
  if ((mode & 0o077) === 0) return 'closed';
  const strangers = readdirSync(path).filter((name) => !name.startsWith('parley'));
  if (strangers.length > 0 && !existsSync(databasePath)) {
    throw new BadConfiguration(
      `The data folder ${path} holds other files, such as ${strangers[0]}, and can be read by others. Set DATA_DIR to a folder of Parley's own, such as ${join(path, 'parley')}.`,
    );
  }
  return 'open';
}

/** Where the database and the note of its holder are in a folder. */
export function filesIn(path: string): { databasePath: string; holderPath: string } {
  return { databasePath: join(path, 'parley.db'), holderPath: join(path, 'holder.json') };
}

/** Instead of a recursive `mkdirSync`, which never ends where nothing can be created, as in /proc. */
function make(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  make(dirname(path));
  mkdirSync(path, { mode: folderMode });
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** Space that is always kept free: for ids, leases and index pages. */
const baseBytes = 256 * 1024;
/** Space of one answer of 50,000 characters until it is history: its pages and its ending. */
const answerBytes = 320 * 1024;
/** Largest size of the write-ahead log beside the database. */
const logBytes = 8 * 1024 * 1024;
/** With this much free space the reserve is not computed. */
const plentyBytes = 1024 * 1024 * 1024;

/** Free space that a disk needs for a question of any length to be taken in. */
export const leastFreeBytes = logBytes + neededFor(maxMessageChars, 0);

/**
 * Keeps space for the answers to stored questions: a store that is nearly full refuses new messages,
 * while running turns can still be finished.
 */
export class DiskReserve {
  readonly #folder: string;
  readonly #pages: Query<{ free: number }>;
  readonly #open: Query<{ n: number }>;

  constructor(db: Database, folder: string) {
    this.#folder = folder;
    this.#pages = db.query(`
      SELECT (max_page_count - page_count + freelist_count) * page_size AS free
      FROM pragma_max_page_count, pragma_page_count, pragma_freelist_count, pragma_page_size`);
    this.#open = db.query('SELECT count(*) AS n FROM question');
  }

  /** Throws `StoreUnavailable('full')` if text of this length, and its answer, might not fit. */
  ensureFor(text: string): void {
    this.#ensure(text.length);
  }

  /** Throws `StoreUnavailable('full')` if the longest question might not fit. */
  ensureForAny(): void {
    this.#ensure(maxMessageChars);
  }

  #ensure(chars: number): void {
    const free = Math.min(this.#pages.get()?.free ?? 0, this.#diskBytes());
    if (free >= plentyBytes) return;
    const needed = neededFor(chars, this.#open.get()?.n ?? 0);
    if (free < needed) {
      throw new StoreUnavailable(
        'full',
        `the disk of ${this.#folder} is nearly full: ${free} bytes are free, ${needed} are kept for answers`,
        diskFullTrouble,
      );
    }
  }

  #diskBytes(): number {
    try {
      return Math.max(0, freeBytes(this.#folder) - logBytes);
    } catch (cause) {
      throw new StoreUnavailable('away', `the folder ${this.#folder} cannot be read`, { cause });
    }
  }
}

/** Bytes that this user may still write on the disk of a folder; `Infinity` where it is unknown. */
export function freeBytes(folder: string): number {
  const { bavail, blocks, bsize } = statfsSync(folder);
  // Some network file systems report no size.
  return blocks === 0 ? Infinity : bavail * bsize;
}

/** At most three bytes a character, twice: a text moves once, from question to history. */
function neededFor(chars: number, open: number): number {
  return baseBytes + (1 + open) * answerBytes + chars * 3 * 2;
}
