// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { ClaimLost } from '../../../core/domain/errors.ts';
import type { Lease } from '../../../core/ports/store.ts';
import type { Claim, Ending, Outcome, PageRecord, Turn } from '../../../core/domain/turn.ts';
import type { Database, Query } from '../connection/database.ts';

interface TurnRow {
  readonly id: string;
  readonly fence: number;
  readonly owner: string | null;
  readonly leasedUntil: number;
  readonly attempt: number;
  readonly startedAt: number;
  readonly stopRequested: number;
  readonly outcome: Outcome | null;
  readonly note: string | null;
  readonly text: string | null;
}

/** A turn without the parts that are in other tables. */
export type TurnState = Omit<Turn, 'messages' | 'pages'>;

/** Unfinished turns and their owners, at most one per conversation, in the table `turn`. */
export class TurnTable {
  readonly #nextFence: Query<{ fence: number }>;
  readonly #get: Query<TurnRow>;
  readonly #begin: Query<unknown>;
  readonly #retry: Query<unknown>;
  readonly #owned: Query<{ outcome: Outcome | null }>;
  readonly #renew: Query<{ stopping: number }>;
  readonly #requestStop: Query<unknown>;
  readonly #storeEnding: Query<unknown>;
  readonly #release: Query<unknown>;
  readonly #remove: Query<unknown>;

  constructor(db: Database) {
    // A released turn has no owner, so that the claims on it are lost at once.
    const owned = 'conversation = ? AND id = ? AND fence = ? AND owner IS NOT NULL';
    this.#nextFence = db.query('UPDATE store SET fence = fence + 1 RETURNING fence');
    this.#get = db.query('SELECT * FROM turn WHERE conversation = ?');
    this.#begin = db.query(`
      INSERT INTO turn (conversation, id, fence, owner, leasedUntil, attempt, startedAt)
      VALUES (?, ?, ?, ?, ?, 1, ?)`);
    this.#retry = db.query(`
      UPDATE turn SET fence = ?, owner = ?, leasedUntil = ?, attempt = attempt + 1
      WHERE conversation = ?`);
    this.#owned = db.query(`SELECT outcome FROM turn WHERE ${owned}`);
    this.#renew = db.query(`
      UPDATE turn SET leasedUntil = ? WHERE ${owned}
      RETURNING stopRequested AND outcome IS NULL AS stopping`);
    this.#requestStop = db.query(
      'UPDATE turn SET stopRequested = 1 WHERE conversation = ? AND outcome IS NULL',
    );
    this.#storeEnding = db.query(`
      UPDATE turn SET outcome = ?, note = ?, text = ? WHERE ${owned} AND outcome IS NULL`);
    this.#release = db.query(`
      UPDATE turn SET owner = NULL, attempt = max(0, attempt - ?) WHERE ${owned}`);
    this.#remove = db.query('DELETE FROM turn WHERE conversation = ?');
  }

  /** The turn, and whether a living owner works on it. */
  find(conversation: ConversationId, now: number): { turn: TurnState; busy: boolean } | undefined {
    const row = this.#get.get(conversation);
    if (row === undefined) return undefined;
    return { turn: toTurn(conversation, row), busy: row.owner !== null && row.leasedUntil > now };
  }

  /** Begins a turn in a conversation that has none. */
  begin(conversation: ConversationId, id: string, lease: Lease, now: number): Claim {
    const fence = this.#fence();
    this.#begin.run(conversation, id, fence, lease.owner, now + lease.leaseMs, now);
    return { conversation, turn: id, fence };
  }

  /** Claims an interrupted turn for another attempt. */
  retry(turn: TurnState, lease: Lease, now: number): Claim {
    const fence = this.#fence();
    this.#retry.run(fence, lease.owner, now + lease.leaseMs, turn.conversation);
    return { conversation: turn.conversation, turn: turn.id, fence };
  }

  /** Throws `ClaimLost` unless the claim is the newest on its turn. */
  ensure(claim: Claim): void {
    if (this.#owned.get(...keyOf(claim)) === undefined) {
      throw new ClaimLost(`the claim ${claim.fence} on turn ${claim.turn} is lost`);
    }
  }

  renew(claim: Claim, leasedUntil: number): 'kept' | 'stopping' | 'lost' {
    const renewed = this.#renew.get(leasedUntil, ...keyOf(claim));
    if (renewed === undefined) return 'lost';
    return renewed.stopping === 1 ? 'stopping' : 'kept';
  }

  exists(conversation: ConversationId): boolean {
    return this.#get.get(conversation) !== undefined;
  }

  /** False if no turn runs, or its ending is stored. */
  requestStop(conversation: ConversationId): boolean {
    return this.#requestStop.run(conversation) > 0;
  }

  /** Stores the ending, unless there is one. */
  storeEnding(claim: Claim, { outcome, note, text }: Ending): void {
    this.#storeEnding.run(outcome, note ?? null, text, ...keyOf(claim));
  }

  release(claim: Claim, uncountedAttempts: 0 | 1): void {
    this.#release.run(uncountedAttempts, ...keyOf(claim));
  }

  remove(conversation: ConversationId): void {
    this.#remove.run(conversation);
  }

  #fence(): number {
    const next = this.#nextFence.get();
    if (next === undefined) throw new Error('the store has lost its counter of fences');
    return next.fence;
  }
}

function keyOf(claim: Claim): [string, string, number] {
  return [claim.conversation, claim.turn, claim.fence];
}

function toTurn(conversation: ConversationId, row: TurnRow): TurnState {
  const { outcome, note, text } = row;
  return {
    id: row.id,
    conversation,
    attempt: row.attempt,
    startedAt: row.startedAt,
    ...(outcome !== null && {
      ending: { outcome, text: text ?? '', ...(note !== null && { note }) },
    }),
    stopRequested: row.stopRequested === 1,
  };
}

interface PageRow {
  readonly number: number;
  readonly key: string;
  readonly id: string | null;
  readonly source: string;
}

/** Pages of running replies, in the table `page`; a conversation has one such reply at most. */
export class PageTable {
  readonly #put: Query<unknown>;
  readonly #find: Query<Pick<PageRow, 'key' | 'id'>>;
  readonly #all: Query<PageRow>;
  readonly #drop: Query<unknown>;
  readonly #dropAll: Query<unknown>;

  constructor(db: Database) {
    this.#put = db.query(`
      INSERT INTO page (conversation, number, key, id, source) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET key = excluded.key, id = excluded.id, source = excluded.source`);
    this.#find = db.query('SELECT key, id FROM page WHERE conversation = ? AND number = ?');
    this.#all = db.query(
      'SELECT number, key, id, source FROM page WHERE conversation = ? ORDER BY number',
    );
    this.#drop = db.query('DELETE FROM page WHERE conversation = ? AND number = ?');
    this.#dropAll = db.query('DELETE FROM page WHERE conversation = ?');
  }

  /** Returns whether more than the text changed. */
  put(conversation: ConversationId, page: PageRecord): boolean {
    const id = page.id ?? null;
    const known = this.#find.get(conversation, page.index);
    this.#put.run(conversation, page.index, page.key, id, page.source);
    return known?.key !== page.key || known.id !== id;
  }

  of(conversation: ConversationId): PageRecord[] {
    return this.#all.all(conversation).map(toPage);
  }

  drop(conversation: ConversationId, index: number): void {
    this.#drop.run(conversation, index);
  }

  dropAll(conversation: ConversationId): void {
    this.#dropAll.run(conversation);
  }
}

function toPage({ number: index, key, id, source }: PageRow): PageRecord {
  return id === null ? { index, key, source } : { index, key, id, source };
}
