// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import {
  type ConversationSummary,
  firstTextChars,
  type Participation,
} from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';

interface SummaryRow {
  readonly conversation: ConversationId;
  readonly lastAskedAt: number;
  readonly name: string | null;
  readonly firstText: string;
}

/** Who has asked the bot something in which conversation, in the table `participant`. */
export class Participants {
  readonly #note: Query<unknown>;
  readonly #of: Query<{ person: string; opened: number }>;
  readonly #summaries: Query<SummaryRow>;
  readonly #rename: Query<unknown>;

  constructor(db: Database) {
    this.#note = db.query(`
      INSERT INTO participant (conversation, person, opened, at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET opened = max(opened, excluded.opened), at = excluded.at`);
    this.#of = db.query('SELECT person, opened FROM participant WHERE conversation = ?');
    const text = `SELECT substr(text, 1, ${firstTextChars}) FROM`;
    const its = 'WHERE conversation = participant.conversation ORDER BY';
    this.#summaries = db.query(`
      SELECT conversation, at AS lastAskedAt, name, coalesce(
        (${text} entry ${its} at, reply, id LIMIT 1),
        (${text} question ${its} turn IS NULL, sentAt, id LIMIT 1)) AS firstText
      FROM participant
      WHERE person = ? AND conversation GLOB ? || ':*' AND firstText IS NOT NULL
      ORDER BY at DESC, conversation DESC LIMIT ?`);
    this.#rename = db.query(
      'UPDATE participant SET name = ? WHERE conversation = ? AND person = ?',
    );
  }

  note(conversation: ConversationId, person: string, opened: boolean, now: number): void {
    this.#note.run(conversation, person, opened ? 1 : 0, now);
  }

  participation(conversation: ConversationId): Participation | undefined {
    const rows = this.#of.all(conversation);
    if (rows.length === 0) return undefined;
    return {
      opened: rows.some((row) => row.opened === 1),
      people: rows.map((row) => row.person),
    };
  }

  conversationsOf(platform: string, person: string, most: number): ConversationSummary[] {
    return this.#summaries.all(person, platform, most).map(({ name, ...rest }) => ({
      ...rest,
      ...(name !== null && { name }),
    }));
  }

  rename(conversation: ConversationId, person: string, title: string): boolean {
    return this.#rename.run(title === '' ? null : title, conversation, person) > 0;
  }
}
