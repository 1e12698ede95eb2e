// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { ClaimedTurn, Lease, Renewal, StoredConversation } from '../../../core/ports/store.ts';
import {
  type Claim,
  type Ending,
  type PageRecord,
  type Turn,
  turnIdOf,
} from '../../../core/domain/turn.ts';
import type { HistoryTable } from './history.ts';
import { PageTable, type TurnState, type TurnTable } from './turn-table.ts';
import type { QuestionTable } from './questions.ts';
import type { Database, Query } from '../connection/database.ts';

export interface TurnsOptions {
  readonly db: Database;
  readonly questions: QuestionTable;
  readonly turns: TurnTable;
  readonly history: HistoryTable;
  readonly historyLimit: number;
}

/** Begins turns, records their progress, and ends them. Each method is a step to be committed. */
export class Turns {
  readonly #finishes: FinishLog;
  readonly #pages: PageTable;
  readonly #questions: QuestionTable;
  readonly #turns: TurnTable;
  readonly #history: HistoryTable;
  readonly #historyLimit: number;

  constructor({ db, questions, turns, history, historyLimit }: TurnsOptions) {
    this.#finishes = new FinishLog(db);
    this.#pages = new PageTable(db);
    this.#questions = questions;
    this.#turns = turns;
    this.#history = history;
    this.#historyLimit = historyLimit;
  }

  claim(conversation: ConversationId, lease: Lease, now: number): ClaimedTurn | undefined {
    const found = this.#turns.find(conversation, now);
    if (found === undefined) return this.#beginNext(conversation, lease, now);
    if (found.busy) return undefined;
    return this.#claimedTurn(this.#turns.retry(found.turn, lease, now), now);
  }

  renew(claims: readonly Claim[], lease: Lease, now: number): Renewal {
    const states = claims.map((claim) => this.#turns.renew(claim, now + lease.leaseMs));
    return {
      lost: claims.filter((_, i) => states[i] === 'lost'),
      stopping: claims.filter((_, i) => states[i] === 'stopping'),
    };
  }

  /** Returns whether more than the page's text changed. */
  savePage(claim: Claim, page: PageRecord): boolean {
    this.#turns.ensure(claim);
    return this.#pages.put(claim.conversation, page);
  }

  dropPage(claim: Claim, index: number): void {
    this.#turns.ensure(claim);
    this.#pages.drop(claim.conversation, index);
  }

  storeEnding(claim: Claim, ending: Ending): void {
    this.#turns.ensure(claim);
    this.#turns.storeEnding(claim, ending);
  }

  finish(claim: Claim, lease: Lease, replyTokens: number, now: number): ClaimedTurn | undefined {
    const before = this.#finishes.find(claim, lease.owner);
    if (before !== undefined) return this.#resume(claim.conversation, before.nextFence, lease, now);
    this.#turns.ensure(claim);
    const { conversation } = claim;
    const turn = this.#turns.find(conversation, now)?.turn;
    if (turn?.ending === undefined) throw new Error(`turn ${claim.turn} has no end yet`);

    // Deletions first: they make room for what follows, so that a full store can still do this.
    const questions = this.#questions.remove(conversation, turn.id);
    this.#pages.dropAll(conversation);
    this.#turns.remove(conversation);

    for (const question of questions) this.#history.put(conversation, question);
    const { text, note } = turn.ending;
    if (text !== '' || (note ?? '') !== '') {
      this.#history.put(conversation, {
        id: turn.id,
        role: 'assistant',
        turn: turn.id,
        at: questions.at(-1)?.at ?? turn.startedAt,
        tokens: replyTokens,
        ...turn.ending,
      });
    }
    const next = this.#beginNext(conversation, lease, now);
    this.#finishes.note(claim, lease.owner, next?.claim, now);
    return next;
  }

  release(claim: Claim, { countAttempt }: { countAttempt: boolean }): void {
    this.#turns.ensure(claim);
    this.#turns.release(claim, countAttempt ? 0 : 1);
  }

  conversationView(
    conversation: ConversationId,
    now: number,
    most = this.#historyLimit,
  ): StoredConversation {
    const running = this.#turns.find(conversation, now)?.turn;
    return {
      history: this.#history.newest(conversation, most),
      ...(running !== undefined && { running: this.#whole(running) }),
      queued: this.#questions.queued(conversation),
    };
  }

  /** A new turn with all waiting questions; undefined if none waits. */
  #beginNext(conversation: ConversationId, lease: Lease, now: number): ClaimedTurn | undefined {
    const first = this.#questions.first(conversation);
    if (first === undefined) return undefined;
    const id = turnIdOf(conversation, first);
    this.#questions.take(conversation, id);
    return this.#claimedTurn(this.#turns.begin(conversation, id, lease, now), now);
  }

  /** The turn that began under a fence; undefined if another owner has it by now, or it is over. */
  #resume(
    conversation: ConversationId,
    fence: number | undefined,
    lease: Lease,
    now: number,
  ): ClaimedTurn | undefined {
    const turn = this.#turns.find(conversation, now)?.turn.id;
    if (turn === undefined || fence === undefined) return undefined;
    const claim = { conversation, turn, fence };
    if (this.#turns.renew(claim, now + lease.leaseMs) === 'lost') return undefined;
    return this.#claimedTurn(claim, now);
  }

  #claimedTurn(claim: Claim, now: number): ClaimedTurn {
    const turn = this.#turns.find(claim.conversation, now)?.turn;
    if (turn === undefined) throw new Error(`turn ${claim.turn} is not there`);
    return {
      claim,
      turn: this.#whole(turn),
      history: this.#history.newest(claim.conversation, this.#historyLimit),
    };
  }

  #whole(turn: TurnState): Turn {
    return {
      ...turn,
      messages: this.#questions.ofTurn(turn.conversation, turn.id),
      pages: this.#pages.of(turn.conversation),
    };
  }
}

/** How each conversation's latest turn was finished, so that a repetition returns the same. */
class FinishLog {
  readonly #note: Query<unknown>;
  readonly #find: Query<{ nextFence: number | null }>;

  constructor(db: Database) {
    this.#note = db.query(`
      INSERT OR REPLACE INTO finish (conversation, turn, fence, owner, nextFence, at)
      VALUES (?, ?, ?, ?, ?, ?)`);
    this.#find = db.query(`
      SELECT nextFence FROM finish
      WHERE conversation = ? AND turn = ? AND fence = ? AND owner = ?`);
  }

  /** @param next claim on the turn that began in the same step */
  note(claim: Claim, owner: string, next: Claim | undefined, now: number): void {
    const { conversation, turn, fence } = claim;
    this.#note.run(conversation, turn, fence, owner, next?.fence ?? null, now);
  }

  /** The fence of the turn that began in the same step, if one did; undefined if not finished. */
  find(claim: Claim, owner: string): { nextFence?: number } | undefined {
    const found = this.#find.get(claim.conversation, claim.turn, claim.fence, owner);
    if (found === undefined) return undefined;
    return found.nextFence === null ? {} : { nextFence: found.nextFence };
  }
}
