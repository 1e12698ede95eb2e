// Tested by test/contract/store/sqlite.test.ts
import type { Author } from '../../../core/domain/message.ts';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { HistoryEntry, Outcome } from '../../../core/domain/turn.ts';
import type { Database, Query } from '../connection/database.ts';

interface EntryRow {
  readonly id: string;
  readonly at: number;
  readonly reply: number;
  readonly turn: string | null;
  readonly authorId: string | null;
  readonly authorName: string | null;
  readonly outcome: Outcome | null;
  readonly tokens: number;
  readonly note: string | null;
  readonly text: string;
}

/** Histories, in the table `entry`: unique by id, in the order of the platform's time. */
export class HistoryTable {
  readonly #put: Query<unknown>;
  readonly #has: Query<unknown>;
  readonly #newest: Query<EntryRow>;

  constructor(db: Database) {
    this.#put = db.query(`
      INSERT OR REPLACE INTO entry
        (conversation, id, at, reply, turn, authorId, authorName, outcome, tokens, note, text)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#has = db.query('SELECT 1 FROM entry WHERE conversation = ? AND id = ?');
    this.#newest = db.query(`
      SELECT id, at, reply, turn, authorId, authorName, outcome, tokens, note, text FROM entry
      WHERE conversation = ? ORDER BY at DESC, reply DESC, id DESC LIMIT ?`);
  }

  /** Replaces an entry with the same id. */
  put(conversation: ConversationId, entry: HistoryEntry): void {
    this.#put.run(
      conversation,
      entry.id,
      entry.at,
      entry.role === 'assistant' ? 1 : 0,
      entry.turn ?? null,
      entry.author?.id ?? null,
      entry.author?.name ?? null,
      entry.outcome ?? null,
      entry.tokens,
      entry.note ?? null,
      entry.text,
    );
  }

  has(conversation: ConversationId, id: string): boolean {
    return this.#has.get(conversation, id) !== undefined;
  }

  /** The newest `limit` entries, oldest first. */
  newest(conversation: ConversationId, limit: number): HistoryEntry[] {
    return this.#newest.all(conversation, limit).map(toEntry).toReversed();
  }
}

function toEntry(row: EntryRow): HistoryEntry {
  return {
    id: row.id,
    role: row.reply === 1 ? 'assistant' : 'user',
    ...(row.turn !== null && { turn: row.turn }),
    ...(row.authorId !== null && { author: toAuthor(row.authorId, row.authorName) }),
    text: row.text,
    at: row.at,
    ...(row.outcome !== null && { outcome: row.outcome }),
    ...(row.note !== null && { note: row.note }),
    tokens: row.tokens,
  };
}

export function toAuthor(id: string, name: string | null): Author {
  return { id, ...(name !== null && { name }) };
}
