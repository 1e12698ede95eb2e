// Tested by test/contract/store/sqlite.test.ts
import { setImmediate } from 'node:timers/promises';
import type { ConversationId } from '../../core/domain/conversation.ts';
import type { ForgetResult } from '../../core/ports/store.ts';
import type { Database, Query } from './connection/database.ts';

/** Tables that hold messages and replies. */
const textTables = ['entry', 'question'];
/** Tables with everything else of a conversation. */
const otherTables = ['turn', 'page', 'finish', 'participant', 'seen'];

/** Deletes conversations, and what people wrote. Each method is a step to be committed. */
export class Erasure {
  readonly #texts: Query<unknown>[];
  readonly #others: Query<unknown>[];
  readonly #messagesOfPerson: Query<unknown>[];
  readonly #beingAnswered: Query<{ count: number }>;
  readonly #keepOpened: Query<unknown>;
  readonly #participation: Query<unknown>;

  constructor(db: Database) {
    const deleteOf = (table: string) => db.query(`DELETE FROM ${table} WHERE conversation = ?`);
    this.#texts = textTables.map(deleteOf);
    this.#others = otherTables.map(deleteOf);

    const onPlatform = `conversation GLOB ? || ':*'`;
    this.#messagesOfPerson = [
      db.query(`DELETE FROM entry WHERE authorId = ? AND ${onPlatform}`),
      db.query(`DELETE FROM question WHERE authorId = ? AND ${onPlatform} AND turn IS NULL`),
    ];
    this.#beingAnswered = db.query(`
      SELECT count(*) AS count FROM question
      WHERE authorId = ? AND ${onPlatform} AND turn IS NOT NULL`);
    // A conversation that began with a question to the bot did so for the others in it, too.
    this.#keepOpened = db.query(`
      UPDATE participant SET opened = 1 WHERE conversation IN
        (SELECT conversation FROM participant WHERE person = ? AND ${onPlatform} AND opened = 1)`);
    this.#participation = db.query(`DELETE FROM participant WHERE person = ? AND ${onPlatform}`);
  }

  forgetConversation(conversation: ConversationId): number {
    for (const query of this.#others) query.run(conversation);
    return sum(this.#texts.map((query) => query.run(conversation)));
  }

  /** Ids of messages stay for their time: they keep repeated deliveries out. */
  forgetPerson(platform: string, authorId: string): ForgetResult {
    this.#keepOpened.run(authorId, platform);
    this.#participation.run(authorId, platform);
    return {
      deleted: sum(this.#messagesOfPerson.map((query) => query.run(authorId, platform))),
      remaining: this.#beingAnswered.get(authorId, platform)?.count ?? 0,
    };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Rows that one step of a sweep deletes: other steps run in between. */
const batch = 200;

export interface RetentionTimes {
  readonly retentionMs: number;
  readonly seenMs: number;
  readonly usageMs: number;
}

/** Takes a step that is given the time; the step is on the disk when this resolves. */
type TakeStep = (step: (now: number) => number) => Promise<number>;

interface ExpiringTable {
  readonly ageMs: number;
  /** Deletes up to so many rows that are older than a time. */
  readonly deleteOld: Query<unknown>;
}

/** Deletes rows that are older than they are kept. */
export class Retention {
  readonly #takeStep: TakeStep;
  readonly #entries: ExpiringTable;
  readonly #others: readonly ExpiringTable[];

  constructor(db: Database, { retentionMs, seenMs, usageMs }: RetentionTimes, takeStep: TakeStep) {
    const expiring = (table: string, key: string, isOld: string, ageMs: number): ExpiringTable => {
      const old = `SELECT ${key} FROM ${table} WHERE ${isOld} LIMIT ?`;
      const deleteOld = db.query(`DELETE FROM ${table} WHERE (${key}) IN (${old})`);
      return { ageMs, deleteOld };
    };
    const day = `strftime('%Y-%m-%d', ? / 1000.0, 'unixepoch')`;
    this.#takeStep = takeStep;
    this.#entries = expiring('entry', 'rowid', 'at < ?', retentionMs);
    this.#others = [
      expiring('seen', 'conversation, id', 'at < ?', seenMs),
      expiring('finish', 'conversation', 'at < ?', seenMs),
      expiring('participant', 'conversation, person', 'at < ?', retentionMs),
      expiring('bookmark', 'platform, place', 'at < ?', retentionMs),
      expiring('meter', 'key', 'expire < ?', 0),
      expiring('secret', 'name', 'until < ?', 0),
      expiring('usage', 'day, platform, workspace, person, model', `day < ${day}`, usageMs),
    ];
  }

  async sweep(): Promise<number> {
    for (const table of this.#others) await this.#sweepTable(table);
    return this.#sweepTable(this.#entries);
  }

  /** Returns how many rows were deleted. */
  async #sweepTable({ ageMs, deleteOld }: ExpiringTable): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.#takeStep((now) => deleteOld.run(now - ageMs, batch));
      total += deleted;
      if (deleted < batch) return total;
      await setImmediate();
    }
  }
}
