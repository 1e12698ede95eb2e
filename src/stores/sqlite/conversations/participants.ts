import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Participation, ConversationSummary } from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';

const activeLimit = 1_000;
/** Characters of a conversation's oldest message that a summary has. */
const beganChars = 100;

interface SummaryRow {
  readonly conversation: ConversationId;
  readonly lastAskedAt: number;
  readonly name: string | null;
  readonly firstText: string;
}

/** Who has asked the bot something in which conversation. */
export class Participants {
  readonly #note: Query<unknown>;
  readonly #of: Query<{ person: string; opened: number }>;
  readonly #active: Query<{ conversation: ConversationId }>;
  readonly #summaries: Query<SummaryRow>;
  readonly #rename: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#note = db.query(`
      INSERT INTO participant (conversation, person, opened, at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET opened = max(opened, excluded.opened), at = excluded.at`);
    this.#of = db.query('SELECT person, opened FROM participant WHERE conversation = ?');
    this.#active = db.query(`
      SELECT conversation FROM participant WHERE at >= ? AND conversation GLOB ? || ':*'
      GROUP BY conversation ORDER BY max(at) DESC LIMIT ${activeLimit}`);
    const begin = `SELECT substr(text, 1, ${beganChars}) FROM`;
    const its = 'WHERE conversation = participant.conversation ORDER BY';
    this.#summaries = db.query(`
      SELECT conversation, at AS lastAskedAt, name, coalesce(
        (${begin} entry ${its} at, reply, id LIMIT 1),
        (${begin} question ${its} turn IS NULL, sentAt, id LIMIT 1)) AS firstText
      FROM participant
      WHERE person = ? AND conversation GLOB ? || ':*' AND firstText IS NOT NULL
      ORDER BY at DESC, conversation DESC LIMIT ?`);
    this.#rename = db.query(
      'UPDATE participant SET name = ? WHERE conversation = ? AND person = ?',
    );
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
  recentlyActive(platform: string, since: number): ConversationId[] {
    return this.#active.all(since, platform).map(({ conversation }) => conversation);
  }

  /** Conversations in which a person asked something and of which anything is kept, latest first. */
  conversationsOf(platform: string, person: string, most: number): ConversationSummary[] {
    return this.#summaries.all(person, platform, most).map(({ name, ...rest }) => ({
      ...rest,
      ...(name !== null && { name }),
    }));
  }

  /** False where they asked nothing. */
  rename(conversation: ConversationId, person: string, name: string): boolean {
    return this.#rename.run(name === '' ? null : name, conversation, person) > 0;
  }

  /** Forgets up to `limit` that were last active before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
