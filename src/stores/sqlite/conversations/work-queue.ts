import type { QueueDepth } from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';

/** How much there is to do: one look at the questions without an answer, of which there are few. */
export class WorkQueue {
  readonly #measure: Query<{ waiting: number; running: number; oldest: number | null }>;

  constructor(db: Database) {
    this.#measure = db.query(`
      SELECT count(*) FILTER (WHERE free) AS waiting, count(*) FILTER (WHERE NOT free) AS running,
        min(since) FILTER (WHERE free) AS oldest
      FROM (
        SELECT t.owner IS NULL OR t.leasedUntil <= ? AS free, min(q.arrivedAt) AS since
        FROM question q LEFT JOIN turn t ON t.conversation = q.conversation
        GROUP BY q.conversation)`);
  }

  queueDepth(now: number): QueueDepth {
    const { waiting = 0, running = 0, oldest = null } = this.#measure.get(now) ?? {};
    // The clock may have been set back since.
    return {
      waiting,
      running,
      ...(oldest === null ? {} : { oldestWaitMs: Math.max(0, now - oldest) }),
    };
  }
}
