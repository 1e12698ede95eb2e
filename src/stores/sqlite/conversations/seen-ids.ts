import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Database, Query } from '../connection/database.ts';

/** Ids of messages that were taken in, answered or not. */
export class Seen {
  readonly #add: Query<unknown>;
  readonly #has: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#add = db.query('INSERT INTO seen (conversation, id, at) VALUES (?, ?, ?)');
    this.#has = db.query('SELECT 1 FROM seen WHERE conversation = ? AND id = ?');
    this.#deleteOld = db.query(`
      DELETE FROM seen WHERE (conversation, id) IN
        (SELECT conversation, id FROM seen WHERE at < ? LIMIT ?)`);
  }

  add(conversation: ConversationId, id: string, at: number): void {
    this.#add.run(conversation, id, at);
  }

  has(conversation: ConversationId, id: string): boolean {
    return this.#has.get(conversation, id) !== undefined;
  }

  /** Deletes up to `limit` ids from before `time`; returns how many went. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
