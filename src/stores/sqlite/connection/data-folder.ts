import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  existsSync,
  readdirSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { BadConfiguration } from '../../../core/domain/errors.ts';
import { messageOf } from './errors.ts';

/** Others may neither read nor list what people said. */
const folderMode = 0o700;
const fileMode = 0o600;
/** The "sticky" bit marks folders that everybody shares, such as /tmp. */
const stickyBit = 0o1000;

/** The folder that belongs to one store alone, and the note that says who uses it. */
export class StoreFolder {
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
