// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Receipt } from '../../../core/ports/platform.ts';
import type { AcceptOptions, AcceptResult } from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';
import type { HistoryTable } from './history.ts';
import type { Participants } from './participants.ts';
import type { QuestionTable } from './questions.ts';
import type { DiskReserve } from '../connection/data-folder.ts';
import type { TurnTable } from './turn-table.ts';

export interface InboxOptions {
  readonly db: Database;
  readonly reserve: DiskReserve;
  readonly participants: Participants;
  readonly questions: QuestionTable;
  readonly turns: TurnTable;
  readonly history: HistoryTable;
}

/**
 * Takes messages in, and changes or drops them before their turn. Each method is a step to be
 * committed.
 */
export class Inbox {
  readonly #addSeen: Query<unknown>;
  readonly #seen: Query<unknown>;
  readonly #reserve: DiskReserve;
  readonly #participants: Participants;
  readonly #questions: QuestionTable;
  readonly #turns: TurnTable;
  readonly #history: HistoryTable;

  constructor({ db, reserve, participants, questions, turns, history }: InboxOptions) {
    this.#addSeen = db.query('INSERT INTO seen (conversation, id, at) VALUES (?, ?, ?)');
    this.#seen = db.query('SELECT 1 FROM seen WHERE conversation = ? AND id = ?');
    this.#reserve = reserve;
    this.#participants = participants;
    this.#questions = questions;
    this.#turns = turns;
    this.#history = history;
  }

  accept(message: Message, options: AcceptOptions, now: number): AcceptResult {
    const { conversation, id, author, kind, opens = false } = message;
    if (this.#wasSeen(conversation, id)) return 'duplicate';
    const { stops, tokens, mostOpen = Number.POSITIVE_INFINITY } = options;
    const asks = kind === 'question';
    const stopping = asks && stops && this.#turns.exists(conversation);
    if (asks && !stopping && this.#questions.countBy(author.id) >= mostOpen) return 'too-many';
    this.#addSeen.run(conversation, id, now);
    if (!asks) return this.#keep(message, tokens);
    this.#participants.note(conversation, author.id, opens, now);
    if (stopping) {
      this.#turns.requestStop(conversation);
      return 'stopping';
    }
    this.#reserve.ensureFor(message.text);
    this.#questions.add(message, tokens, now);
    return 'queued';
  }

  openQuestions(authorId: string): number {
    return this.#questions.countBy(authorId);
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): boolean {
    const waited = this.#questions.revise(conversation, id, text, tokens);
    if (waited) this.#reserve.ensureFor(text);
    return waited;
  }

  withdraw(conversation: ConversationId, id: string, now: number): boolean {
    if (this.#questions.withdraw(conversation, id)) return true;
    if (!this.#wasSeen(conversation, id)) {
      this.#reserve.ensureFor('');
      this.#addSeen.run(conversation, id, now);
    }
    return false;
  }

  requestStop(conversation: ConversationId): boolean {
    return this.#turns.requestStop(conversation);
  }

  addEarlierHistory(
    conversation: ConversationId,
    entries: readonly HistoryEntry[],
    now: number,
  ): void {
    for (const entry of entries) {
      if (this.#wasSeen(conversation, entry.id)) continue;
      this.#addSeen.run(conversation, entry.id, now);
      this.#history.put(conversation, entry);
    }
    this.#reserve.ensureFor('');
  }

  #keep({ conversation, id, author, text, sentAt }: Message, tokens: number): Receipt {
    this.#reserve.ensureFor(text);
    this.#history.put(conversation, { id, role: 'user', author, text, at: sentAt, tokens });
    return 'kept';
  }

  /** Questions and history are asked, too, as they may outlive the time for which ids are kept. */
  #wasSeen(conversation: ConversationId, id: string): boolean {
    return (
      this.#seen.get(conversation, id) !== undefined ||
      this.#questions.has(conversation, id) ||
      this.#history.has(conversation, id)
    );
  }
}
