import { setImmediate } from 'node:timers/promises';
import type { Tables } from '../tables.ts';

/** Rows deleted at a time; replies go on in between. */
const batch = 200;

/** A step that is given the time; it is on the disk when it resolves. */
type TakeStep = (step: (now: number) => number) => Promise<number>;

/** Deletes what has had its time. */
export class Sweeper {
  readonly #tables: Tables;
  readonly #takeStep: TakeStep;
  readonly #retentionMs: number;
  readonly #seenMs: number;
  readonly #usageMs: number;

  constructor(
    tables: Tables,
    times: { readonly retentionMs: number; readonly seenMs: number; readonly usageMs: number },
    takeStep: TakeStep,
  ) {
    this.#tables = tables;
    this.#takeStep = takeStep;
    this.#retentionMs = times.retentionMs;
    this.#seenMs = times.seenMs;
    this.#usageMs = times.usageMs;
  }

  /** Returns how many entries went. */
  async sweep(): Promise<number> {
    const { bookmarks, entries, finishes, meters, participants, secrets, seen, usage } =
      this.#tables;
    await this.#deleteOld(seen, this.#seenMs);
    await this.#deleteOld(finishes, this.#seenMs);
    await this.#deleteOld(participants, this.#retentionMs);
    await this.#deleteOld(bookmarks, this.#retentionMs);
    await this.#deleteOld(meters, 0);
    await this.#deleteOld(secrets, 0);
    await this.#deleteOld(usage, this.#usageMs);
    return this.#deleteOld(entries, this.#retentionMs);
  }

  /** Returns how many rows went that were older than that. */
  async #deleteOld(
    table: { deleteOld(time: number, limit: number): number },
    ageMs: number,
  ): Promise<number> {
    let total = 0;
    for (;;) {
      const gone = await this.#takeStep((now) => table.deleteOld(now - ageMs, batch));
      total += gone;
      if (gone < batch) return total;
      await setImmediate();
    }
  }
}
