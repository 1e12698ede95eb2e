import type { Claim } from '../../../core/domain/turn.ts';
import type { Database, Query } from '../connection/database.ts';

/** How each conversation's latest turn was finished, so that a repetition is told the same. */
export class Finishes {
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
