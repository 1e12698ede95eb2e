import { statfsSync } from 'node:fs';
import { StoreUnavailable } from '../../core/errors.ts';
import type { Database, Query } from './database.ts';

/** Kept free whatever happens: ids, leases, pages of the index trees. */
const baseBytes = 256 * 1024;
/** What one answer of 50,000 characters takes until it is history: its pages and its ending. */
const answerBytes = 320 * 1024;
/** What the log may take on the disk beside the database. */
const logBytes = 8 * 1024 * 1024;
/** With this much free nobody counts. */
const plentyBytes = 1024 * 1024 * 1024;

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
    const free = Math.min(this.#pages.get()?.free ?? 0, this.#diskBytes());
    if (free >= plentyBytes) return;
    const answers = 1 + (this.#open.get()?.n ?? 0);
    // A character takes at most three bytes; the text moves once, from question to history.
    const needed = baseBytes + answers * answerBytes + text.length * 3 * 2;
    if (free < needed) {
      throw new StoreUnavailable(
        'full',
        `the store is nearly full: ${free} bytes are free, ${needed} are kept for answers`,
      );
    }
  }

  #diskBytes(): number {
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#folder);
      // Some network file systems do not tell.
      return blocks === 0 ? Infinity : Math.max(0, bavail * bsize - logBytes);
    } catch (cause) {
      throw new StoreUnavailable('away', `the folder ${this.#folder} cannot be read`, { cause });
    }
  }
}
