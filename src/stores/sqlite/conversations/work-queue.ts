// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import {
  mostListed,
  type OpenConversation,
  type QueueDepth,
  type UnclaimedConversation,
} from '../../../core/ports/store.ts';
import type { DiskReserve } from '../connection/data-folder.ts';
import type { Database, Query } from '../connection/database.ts';

/** Which conversations have something to do: those with questions, of which there are few. */
export class WorkQueue {
  readonly #reserve: DiskReserve;
  readonly #unclaimed: Query<{ conversation: ConversationId; attempts: number }>;
  readonly #open: Query<{ conversation: ConversationId; owned: number; since: number }>;
  readonly #depth: Query<{ waiting: number; running: number; oldest: number | null }>;
  readonly #active: Query<{ conversation: ConversationId }>;
  readonly #noteCheck: Query<unknown>;

  constructor(db: Database, reserve: DiskReserve) {
    this.#reserve = reserve;
    const questions = 'question q LEFT JOIN turn t ON t.conversation = q.conversation';
    const longestWaiting = 'GROUP BY q.conversation ORDER BY min(q.arrivedAt), min(q.rowid)';
    this.#unclaimed = db.query(`
      SELECT q.conversation, coalesce(t.attempt, 0) AS attempts FROM ${questions}
      WHERE t.owner IS NULL OR t.leasedUntil <= ?
      ${longestWaiting} LIMIT ${mostListed.unclaimed}`);
    this.#open = db.query(`
      SELECT q.conversation, min(q.arrivedAt) AS since,
        t.owner IS NOT NULL AND t.leasedUntil > ? AS owned
      FROM ${questions} ${longestWaiting} LIMIT ${mostListed.open}`);
    this.#depth = db.query(`
      SELECT count(*) FILTER (WHERE free) AS waiting, count(*) FILTER (WHERE NOT free) AS running,
        min(since) FILTER (WHERE free) AS oldest
      FROM (
        SELECT t.owner IS NULL OR t.leasedUntil <= ? AS free, min(q.arrivedAt) AS since
        FROM ${questions} GROUP BY q.conversation)`);
    this.#active = db.query(`
      SELECT conversation FROM participant WHERE at >= ? AND conversation GLOB ? || ':*'
      GROUP BY conversation ORDER BY max(at) DESC LIMIT ${mostListed.recentlyActive}`);
    this.#noteCheck = db.query('UPDATE store SET checkedAt = ?');
  }

  unclaimed(now: number): UnclaimedConversation[] {
    return this.#unclaimed.all(now).map((row) => ({ ...row }));
  }

  openConversations(now: number): OpenConversation[] {
    return this.#open.all(now).map((row) => ({ ...row, owned: row.owned === 1 }));
  }

  queueDepth(now: number): QueueDepth {
    const { waiting = 0, running = 0, oldest = null } = this.#depth.get(now) ?? {};
    // Not below 0: the clock may have been set back since.
    const oldestWaitMs = oldest === null ? undefined : Math.max(0, now - oldest);
    return { waiting, running, ...(oldestWaitMs !== undefined && { oldestWaitMs }) };
  }

  recentlyActive(platform: string, since: number): ConversationId[] {
    return this.#active.all(since, platform).map(({ conversation }) => conversation);
  }

  /** A step to be committed. */
  checkWritable(now: number): void {
    this.#reserve.ensureForAny();
    this.#noteCheck.run(now);
  }
}
