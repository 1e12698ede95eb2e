import { statfsSync } from 'node:fs';
import { StoreUnavailable } from '../../../core/domain/errors.ts';
import { maxMessageChars } from '../../../core/domain/message.ts';
import type { Database, Query } from './database.ts';
import { full } from './errors.ts';

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
export class Room {
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
        full,
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
