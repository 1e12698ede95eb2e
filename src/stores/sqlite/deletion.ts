import type { ConversationId } from '../../core/domain/conversation.ts';
import type { ForgetResult } from '../../core/ports/store.ts';
import type { Database, Query } from './connection/database.ts';
import { setImmediate } from 'node:timers/promises';
import type { Tables } from './tables.ts';

/** Where messages and replies are. */
const said = ['entry', 'question'];
/** What else is known of a conversation. */
const noted = ['turn', 'page', 'finish', 'participant', 'seen'];

/** How people take back what they said. Each method is a step to be committed. */
export class Erasure {
  readonly #said: Query<unknown>[];
  readonly #noted: Query<unknown>[];
  readonly #written: Query<unknown>[];
  readonly #beingAnswered: Query<{ count: number }>;
  readonly #keepOpened: Query<unknown>;
  readonly #takePart: Query<unknown>;

  constructor(db: Database) {
    const deleteOf = (table: string) => db.query(`DELETE FROM ${table} WHERE conversation = ?`);
    this.#said = said.map(deleteOf);
    this.#noted = noted.map(deleteOf);

    const there = `conversation GLOB ? || ':*'`;
    this.#written = [
      db.query(`DELETE FROM entry WHERE authorId = ? AND ${there}`),
      db.query(`DELETE FROM question WHERE authorId = ? AND ${there} AND turn IS NULL`),
    ];
    this.#beingAnswered = db.query(`
      SELECT count(*) AS count FROM question
      WHERE authorId = ? AND ${there} AND turn IS NOT NULL`);
    // That a conversation began with a question to the bot is true for the others in it, too.
    this.#keepOpened = db.query(`
      UPDATE participant SET opened = 1 WHERE conversation IN
        (SELECT conversation FROM participant WHERE person = ? AND ${there} AND opened = 1)`);
    this.#takePart = db.query(`DELETE FROM participant WHERE person = ? AND ${there}`);
  }

  /** Returns how many messages and replies went. */
  conversation(conversation: ConversationId): number {
    for (const query of this.#noted) query.run(conversation);
    return sum(this.#said.map((query) => query.run(conversation)));
  }

  /** Ids stay for their time: they keep deliveries from repeating. */
  person(platform: string, authorId: string): ForgetResult {
    this.#keepOpened.run(authorId, platform);
    this.#takePart.run(authorId, platform);
    return {
      deleted: sum(this.#written.map((query) => query.run(authorId, platform))),
      remaining: this.#beingAnswered.get(authorId, platform)?.count ?? 0,
    };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Rows deleted at a time; replies go on in between. */
const batch = 200;

/** A step that is given the time; it is on the disk when it resolves. */
type TakeStep = (step: (now: number) => number) => Promise<number>;

/** Deletes what has had its time. */
export class Retention {
  readonly #tables: Tables;
  readonly #takeStep: TakeStep;
  readonly #retentionMs: number;
  readonly #seenMs: number;
  readonly #usageMs: number;

  constructor(
    tables: Tables,
    times: { readonly retentionMs: number; readonly seenMs: number; readonly usageMs: number },
    takeStep: TakeStep,
  ) {
    this.#tables = tables;
    this.#takeStep = takeStep;
    this.#retentionMs = times.retentionMs;
    this.#seenMs = times.seenMs;
    this.#usageMs = times.usageMs;
  }

  /** Returns how many entries went. */
  async sweep(): Promise<number> {
    const { bookmarks, entries, finishes, meters, participants, secrets, seen, usage } =
      this.#tables;
    await this.#deleteOld(seen, this.#seenMs);
    await this.#deleteOld(finishes, this.#seenMs);
    await this.#deleteOld(participants, this.#retentionMs);
    await this.#deleteOld(bookmarks, this.#retentionMs);
    await this.#deleteOld(meters, 0);
    await this.#deleteOld(secrets, 0);
    await this.#deleteOld(usage, this.#usageMs);
    return this.#deleteOld(entries, this.#retentionMs);
  }

  /** Returns how many rows went that were older than that. */
  async #deleteOld(
    table: { deleteOld(time: number, limit: number): number },
    ageMs: number,
  ): Promise<number> {
    let total = 0;
    for (;;) {
      const gone = await this.#takeStep((now) => table.deleteOld(now - ageMs, batch));
      total += gone;
      if (gone < batch) return total;
      await setImmediate();
    }
  }
}
