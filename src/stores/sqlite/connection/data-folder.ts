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

/** Others may neither read nor list what people said. */
const folderMode = 0o700;
const fileMode = 0o600;
/** The "sticky" bit marks folders that everybody shares, such as /tmp. */
const stickyBit = 0o1000;

/** The folder that belongs to one store alone, and the note that says who uses it. */
export class DataFolder {
  readonly path: string;
  readonly databasePath: string;
  readonly #holderPath: string;

  /** Makes the folder, or tightens one that is there. Throws `BadConfiguration` if it cannot be. */
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
   * Made here for its mode; SQLite gives its log files the same. The file is never opened for
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

  /** Notes that this process holds the folder. The lock itself is the database's. */
  noteHolder(): void {
    const holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    writeFileSync(this.#holderPath, `${JSON.stringify(holder)}\n`, { mode: fileMode });
  }

  forgetHolder(): void {
    rmSync(this.#holderPath, { force: true });
  }

  /** Another process, or another store in this one, has the folder. */
  heldByAnother(cause: unknown): BadConfiguration {
    return new BadConfiguration(
      `The data folder ${this.path} is in use by ${holderIn(this.#holderPath)}. Stop that one first, or set DATA_DIR to a folder of this one's own.`,
      { cause },
    );
  }
}

/** Who uses a folder, as the note in it says. */
export function holderIn(holderPath: string): string {
  // The note helps people; it decides nothing. It may be missing or half written.
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderPath, 'utf8')) as Holder;
    return `process ${pid} on ${host} since ${since}`;
  } catch {
    return 'another process';
  }
}

/**
 * Whether others can look into a folder that is there. Throws `BadConfiguration` if it cannot be a
 * store's own; changes nothing.
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

/** Node's own recursive `mkdirSync` never ends where nothing can be made, such as in /proc. */
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

/** Kept free whatever happens: ids, leases, pages of the index trees. */
const baseBytes = 256 * 1024;
/** What one answer of 50,000 characters takes until it is history: its pages and its ending. */
const answerBytes = 320 * 1024;
/** What the log may take on the disk beside the database. */
const logBytes = 8 * 1024 * 1024;
/** With this much free nobody counts. */
const plentyBytes = 1024 * 1024 * 1024;

/** The least that must be free on a disk for a question of any length to be taken in. */
export const leastFreeBytes = logBytes + neededFor(maxMessageChars, 0);

/**
 * Keeps room for the answers to what was taken in: a store that is nearly full refuses new
 * messages while running turns can still be ended.
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

/** What this user may still write on the disk of a folder; `Infinity` where that is not told. */
export function freeBytes(folder: string): number {
  const { bavail, blocks, bsize } = statfsSync(folder);
  // Some network file systems do not tell.
  return blocks === 0 ? Infinity : bavail * bsize;
}

/** A character takes at most three bytes; the text moves once, from question to history. */
function neededFor(chars: number, open: number): number {
  return baseBytes + (1 + open) * answerBytes + chars * 3 * 2;
}
