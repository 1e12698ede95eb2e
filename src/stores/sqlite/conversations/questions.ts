// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Database, Query } from '../connection/database.ts';
import { toAuthor } from './history.ts';

interface QuestionRow {
  readonly id: string;
  readonly authorId: string;
  readonly authorName: string | null;
  readonly sentAt: number;
  readonly tokens: number;
  readonly text: string;
}

/** Questions without an answer, in the table `question`: waiting, or in a turn. */
export class QuestionTable {
  readonly #add: Query<unknown>;
  readonly #has: Query<unknown>;
  readonly #countBy: Query<{ open: number }>;
  readonly #revise: Query<unknown>;
  readonly #withdraw: Query<unknown>;
  readonly #first: Query<{ id: string }>;
  readonly #take: Query<unknown>;
  readonly #ofTurn: Query<QuestionRow>;
  readonly #queued: Query<QuestionRow>;
  readonly #deleteOfTurn: Query<unknown>;

  constructor(db: Database) {
    const columns = 'id, authorId, authorName, sentAt, tokens, text';
    const waits = 'conversation = ? AND id = ? AND turn IS NULL';
    this.#add = db.query(`
      INSERT INTO question
        (conversation, id, authorId, authorName, sentAt, arrivedAt, tokens, text)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#has = db.query('SELECT 1 FROM question WHERE conversation = ? AND id = ?');
    this.#countBy = db.query('SELECT count(*) AS open FROM question WHERE authorId = ?');
    this.#revise = db.query(`UPDATE question SET text = ?, tokens = ? WHERE ${waits}`);
    this.#withdraw = db.query(`DELETE FROM question WHERE ${waits}`);
    this.#first = db.query(`
      SELECT id FROM question WHERE conversation = ? AND turn IS NULL ORDER BY sentAt, id LIMIT 1`);
    this.#take = db.query('UPDATE question SET turn = ? WHERE conversation = ? AND turn IS NULL');
    this.#ofTurn = db.query(`
      SELECT ${columns} FROM question WHERE conversation = ? AND turn = ? ORDER BY sentAt, id`);
    this.#queued = db.query(`
      SELECT ${columns} FROM question WHERE conversation = ? AND turn IS NULL ORDER BY sentAt, id`);
    this.#deleteOfTurn = db.query('DELETE FROM question WHERE conversation = ? AND turn = ?');
  }

  add(message: Message, tokens: number, arrivedAt: number): void {
    const { conversation, id, author, sentAt, text } = message;
    this.#add.run(
      conversation,
      id,
      author.id,
      author.name ?? null,
      sentAt,
      arrivedAt,
      tokens,
      text,
    );
  }

  has(conversation: ConversationId, id: string): boolean {
    return this.#has.get(conversation, id) !== undefined;
  }

  /** Count of a person's questions without an answer. */
  countBy(authorId: string): number {
    return this.#countBy.get(authorId)?.open ?? 0;
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): boolean {
    return this.#revise.run(text, tokens, conversation, id) > 0;
  }

  withdraw(conversation: ConversationId, id: string): boolean {
    return this.#withdraw.run(conversation, id) > 0;
  }

  /** The id of the first waiting question. */
  first(conversation: ConversationId): string | undefined {
    return this.#first.get(conversation)?.id;
  }

  /** Puts all waiting questions into a turn. */
  take(conversation: ConversationId, turn: string): void {
    this.#take.run(turn, conversation);
  }

  ofTurn(conversation: ConversationId, turn: string): Message[] {
    return this.#ofTurn.all(conversation, turn).map((row) => toMessage(conversation, row));
  }

  queued(conversation: ConversationId): Message[] {
    return this.#queued.all(conversation).map((row) => toMessage(conversation, row));
  }

  /** Removes a turn's questions, and returns them as history entries. */
  remove(conversation: ConversationId, turn: string): HistoryEntry[] {
    const rows = this.#ofTurn.all(conversation, turn);
    this.#deleteOfTurn.run(conversation, turn);
    return rows.map((row) => ({
      id: row.id,
      role: 'user',
      turn,
      author: toAuthor(row.authorId, row.authorName),
      text: row.text,
      at: row.sentAt,
      tokens: row.tokens,
    }));
  }
}

function toMessage(conversation: ConversationId, row: QuestionRow): Message {
  return {
    id: row.id,
    conversation,
    author: toAuthor(row.authorId, row.authorName),
    text: row.text,
    sentAt: row.sentAt,
    kind: 'question',
  };
}
