import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Lease, Renewal, StoredConversation, ClaimedTurn } from '../../../core/ports/store.ts';
import {
  type Claim,
  type Ending,
  type PageRecord,
  type Turn,
  turnIdOf,
} from '../../../core/domain/turn.ts';
import type { HistoryTable } from './history.ts';
import type { PageTable, TurnTable, TurnState } from './turn-table.ts';
import type { QuestionTable } from './questions.ts';
import type { Tables } from '../tables.ts';
import type { Database, Query } from '../connection/database.ts';

/** How turns begin, go on and end. Each method is a step to be committed. */
export class Turns {
  readonly #finishes: FinishLog;
  readonly #pages: PageTable;
  readonly #questions: QuestionTable;
  readonly #turns: TurnTable;
  readonly #entries: HistoryTable;
  readonly #historyLimit: number;

  constructor(tables: Tables, historyLimit: number) {
    this.#finishes = tables.finishes;
    this.#pages = tables.pages;
    this.#questions = tables.questions;
    this.#turns = tables.turns;
    this.#entries = tables.entries;
    this.#historyLimit = historyLimit;
  }

  claim(conversation: ConversationId, lease: Lease, now: number): ClaimedTurn | undefined {
    const found = this.#turns.find(conversation, now);
    if (found === undefined) return this.#beginNext(conversation, lease, now);
    if (found.busy) return undefined;
    return this.#work(this.#turns.retry(found.turn, lease, now), now);
  }

  renew(claims: readonly Claim[], lease: Lease, now: number): Renewal {
    const renewed = claims.map((claim) => ({
      claim,
      state: this.#turns.renew(claim, now + lease.leaseMs),
    }));
    const those = (wanted: 'lost' | 'stopping') =>
      renewed.filter(({ state }) => state === wanted).map(({ claim }) => claim);
    return { lost: those('lost'), stopping: those('stopping') };
  }

  /** Returns whether anything but the page's text is new. */
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

    // What goes first makes room for what comes, so that a full store can still do this.
    const questions = this.#questions.remove(conversation, turn.id);
    this.#pages.dropAll(conversation);
    this.#turns.remove(conversation);

    for (const question of questions) this.#entries.put(conversation, question);
    const { text, note } = turn.ending;
    if (text !== '' || (note ?? '') !== '') {
      this.#entries.put(conversation, {
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
      history: this.#entries.newest(conversation, most),
      ...(running !== undefined && { running: this.#whole(running) }),
      queued: this.#questions.queued(conversation),
    };
  }

  /** A new turn of all that waits; undefined if nothing does. */
  #beginNext(conversation: ConversationId, lease: Lease, now: number): ClaimedTurn | undefined {
    const first = this.#questions.first(conversation);
    if (first === undefined) return undefined;
    const id = turnIdOf(conversation, first);
    this.#questions.take(conversation, id);
    return this.#work(this.#turns.begin(conversation, id, lease, now), now);
  }

  /** The turn that this fence began, as it stands; undefined if it is another's by now, or over. */
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
    return this.#work(claim, now);
  }

  #work(claim: Claim, now: number): ClaimedTurn {
    const turn = this.#turns.find(claim.conversation, now)?.turn;
    if (turn === undefined) throw new Error(`turn ${claim.turn} is not there`);
    return {
      claim,
      turn: this.#whole(turn),
      history: this.#entries.newest(claim.conversation, this.#historyLimit),
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

/** How each conversation's latest turn was finished, so that a repetition is told the same. */
export class FinishLog {
  readonly #note: Query<unknown>;
  readonly #find: Query<{ nextFence: number | null }>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#note = db.query(`
      INSERT OR REPLACE INTO finish (conversation, turn, fence, owner, nextFence, at)
      VALUES (?, ?, ?, ?, ?, ?)`);
    this.#find = db.query(`
      SELECT nextFence FROM finish
      WHERE conversation = ? AND turn = ? AND fence = ? AND owner = ?`);
    this.#deleteOld = db.query(`
      DELETE FROM finish WHERE conversation IN
        (SELECT conversation FROM finish WHERE at < ? LIMIT ?)`);
  }

  /** @param next the claim on the turn that began in the same step */
  note(claim: Claim, owner: string, next: Claim | undefined, now: number): void {
    const { conversation, turn, fence } = claim;
    this.#note.run(conversation, turn, fence, owner, next?.fence ?? null, now);
  }

  /** The fence that the next turn began with, if one did; undefined if this was not finished so. */
  find(claim: Claim, owner: string): { nextFence?: number } | undefined {
    const found = this.#find.get(claim.conversation, claim.turn, claim.fence, owner);
    if (found === undefined) return undefined;
    return found.nextFence === null ? {} : { nextFence: found.nextFence };
  }

  /** Forgets up to `limit` from before `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
