import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

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
  wrote(): void {
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
