import type { ConversationId } from '../../core/conversation.ts';
import type { Message } from '../../core/message.ts';
import type { Receipt } from '../../core/ports/platform.ts';
import type { AcceptOptions, Participation } from '../../core/ports/store.ts';
import type { Database } from './database.ts';
import type { Entries } from './entries.ts';
import type { Questions } from './questions.ts';
import { Participants } from './participants.ts';
import { Room } from './room.ts';
import { Seen } from './seen.ts';
import type { Turns } from './turns.ts';

/** How messages come in, change and go before their turn. Each method is a step to be committed. */
export class Inbox {
  readonly #seen: Seen;
  readonly #room: Room;
  readonly #participants: Participants;
  readonly #questions: Questions;
  readonly #turns: Turns;
  readonly #entries: Entries;

  constructor(
    db: Database,
    folder: string,
    tables: { questions: Questions; turns: Turns; entries: Entries },
  ) {
    this.#seen = new Seen(db);
    this.#room = new Room(db, folder);
    this.#participants = new Participants(db);
    this.#questions = tables.questions;
    this.#turns = tables.turns;
    this.#entries = tables.entries;
  }

  accept(message: Message, options: AcceptOptions, now: number): Receipt | 'too-many' {
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

  participation(conversation: ConversationId): Participation | undefined {
    return this.#participants.of(conversation);
  }

  active(platform: string, since: number): ConversationId[] {
    return this.#participants.active(platform, since);
  }

  /** Forgets up to `limit` people who last asked before `time`; returns how many. */
  forgetParticipants(time: number, limit: number): number {
    return this.#participants.deleteOld(time, limit);
  }

  /** Throws `StoreUnavailable('full')` if a short question would be refused now. */
  ensureRoom(): void {
    this.#room.ensureFor('');
  }

  /** Forgets up to `limit` ids from before `time`; returns how many. */
  forgetSeen(time: number, limit: number): number {
    return this.#seen.deleteOld(time, limit);
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
