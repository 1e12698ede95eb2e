import type { ConversationId } from '../../core/conversation.ts';
import type { Participation } from '../../core/ports/store.ts';
import type { Database, Query } from './database.ts';

const activeLimit = 1_000;

/** Who has asked the bot something in which conversation. */
export class Participants {
  readonly #note: Query<unknown>;
  readonly #of: Query<{ person: string; opened: number }>;
  readonly #active: Query<{ conversation: ConversationId }>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#note = db.query(`
      INSERT INTO participant (conversation, person, opened, at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET opened = max(opened, excluded.opened), at = excluded.at`);
    this.#of = db.query('SELECT person, opened FROM participant WHERE conversation = ?');
    this.#active = db.query(`
      SELECT conversation FROM participant WHERE at >= ? AND conversation GLOB ? || ':*'
      GROUP BY conversation ORDER BY max(at) DESC LIMIT ${activeLimit}`);
    this.#deleteOld = db.query(`
      DELETE FROM participant WHERE (conversation, person) IN
        (SELECT conversation, person FROM participant WHERE at < ? LIMIT ?)`);
  }

  note(conversation: ConversationId, person: string, opened: boolean, now: number): void {
    this.#note.run(conversation, person, opened ? 1 : 0, now);
  }

  of(conversation: ConversationId): Participation | undefined {
    const rows = this.#of.all(conversation);
    if (rows.length === 0) return undefined;
    return {
      opened: rows.some((row) => row.opened === 1),
      people: rows.map((row) => row.person),
    };
  }

  /** Conversations of a platform in which somebody asked something since then, latest first. */
  active(platform: string, since: number): ConversationId[] {
    return this.#active.all(since, platform).map(({ conversation }) => conversation);
  }

  /** Forgets up to `limit` that were last active before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
