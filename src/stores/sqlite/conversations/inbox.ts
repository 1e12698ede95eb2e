import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Receipt } from '../../../core/ports/platform.ts';
import type { AcceptOptions, AcceptResult } from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';
import type { HistoryTable } from './history.ts';
import type { Participants } from './participants.ts';
import type { QuestionTable } from './questions.ts';
import { DiskReserve } from '../connection/data-folder.ts';
import type { Tables } from '../tables.ts';
import type { TurnTable } from './turn-table.ts';

/** How messages come in, change and go before their turn. Each method is a step to be committed. */
export class Inbox {
  readonly #seen: SeenIds;
  readonly #room: DiskReserve;
  readonly #participants: Participants;
  readonly #questions: QuestionTable;
  readonly #turns: TurnTable;
  readonly #entries: HistoryTable;

  constructor(db: Database, folder: string, tables: Tables) {
    this.#seen = tables.seen;
    this.#room = new DiskReserve(db, folder);
    this.#participants = tables.participants;
    this.#questions = tables.questions;
    this.#turns = tables.turns;
    this.#entries = tables.entries;
  }

  accept(message: Message, options: AcceptOptions, now: number): AcceptResult {
    const { conversation, id, author, kind, opens = false } = message;
    if (this.#knows(conversation, id)) return 'duplicate';
    const { stops, tokens, mostOpen = Number.POSITIVE_INFINITY } = options;
    const asks = kind === 'question';
    const stopping = asks && stops && this.#turns.exists(conversation);
    if (asks && !stopping && this.#questions.countBy(author.id) >= mostOpen) return 'too-many';
    this.#seen.add(conversation, id, now);
    if (!asks) return this.#keep(message, tokens);
    this.#participants.note(conversation, author.id, opens, now);
    if (stopping) {
      this.#turns.requestStop(conversation);
      return 'stopping';
    }
    this.#room.ensureFor(message.text);
    this.#questions.add(message, tokens, now);
    return 'queued';
  }

  openQuestions(authorId: string): number {
    return this.#questions.countBy(authorId);
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): boolean {
    const waited = this.#questions.revise(conversation, id, text, tokens);
    if (waited) this.#room.ensureFor(text);
    return waited;
  }

  withdraw(conversation: ConversationId, id: string, now: number): boolean {
    if (this.#questions.withdraw(conversation, id)) return true;
    if (!this.#knows(conversation, id)) {
      this.#room.ensureFor('');
      this.#seen.add(conversation, id, now);
    }
    return false;
  }

  /** Puts what was said before into history, but for what is known. */
  addEarlierHistory(
    conversation: ConversationId,
    entries: readonly HistoryEntry[],
    now: number,
  ): void {
    for (const entry of entries) {
      if (this.#knows(conversation, entry.id)) continue;
      this.#seen.add(conversation, entry.id, now);
      this.#entries.put(conversation, entry);
    }
    this.#room.ensureFor('');
  }

  /** Throws `StoreUnavailable('full')` if some question would be refused now. */
  ensureRoom(): void {
    this.#room.ensureForAny();
  }

  #keep({ conversation, id, author, text, sentAt }: Message, tokens: number): Receipt {
    this.#room.ensureFor(text);
    this.#entries.put(conversation, { id, role: 'user', author, text, at: sentAt, tokens });
    return 'kept';
  }

  /** Questions and history are asked, too: they may outlive the time for which ids are kept. */
  #knows(conversation: ConversationId, id: string): boolean {
    return (
      this.#seen.has(conversation, id) ||
      this.#questions.has(conversation, id) ||
      this.#entries.has(conversation, id)
    );
  }
}

/** Ids of messages that were taken in, answered or not. */
export class SeenIds {
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
