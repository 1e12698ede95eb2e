import { setImmediate } from 'node:timers/promises';
import type { ConversationId } from '../../core/conversation.ts';
import type { Message } from '../../core/message.ts';
import type { Receipt } from '../../core/ports/platform.ts';
import type {
  AcceptOptions,
  Lease,
  Participation,
  Store,
  View,
  Waiting,
  Work,
} from '../../core/ports/store.ts';
import type { Claim, Ending, PageRecord } from '../../core/turn.ts';
import type { Database, Query } from './database.ts';
import { Entries } from './entries.ts';
import { StoreFolder } from './folder.ts';
import { Inbox } from './inbox.ts';
import { openDatabase } from './open-database.ts';
import { Questions } from './questions.ts';
import { Turns } from './turns.ts';
import { Workbench } from './workbench.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** Rows that a sweep deletes at a time; replies go on in between. */
const sweepBatch = 200;

export interface SqliteStoreOptions {
  /** Belongs to this store alone; made if it is not there, with access for this user only. */
  readonly folder: string;
  /** How long history is kept, by the platform's time, in milliseconds. */
  readonly retentionMs: number;
  /** Entries given to `claim`, `finish` and `view` at most; 400 by default. */
  readonly historyLimit?: number;
  /** How long the ids of messages are remembered, in milliseconds; 7 days by default. */
  readonly seenMs?: number;
  /** The database grows to so many pages of 4 KiB at most; by default only the disk is a limit. */
  readonly maxPages?: number;
}

/**
 * Opens the embedded store: one SQLite file, one process, nothing to install.
 *
 * Throws `BadConfiguration`, with what to do about it, if the folder cannot be written or is in
 * use, or if its database is damaged, newer than this code, or none. Nothing is ever deleted or
 * overwritten to get past that.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const folder = new StoreFolder(options.folder);
  const db = await openDatabase(folder, options.maxPages);
  return new SqliteStore(db, folder, options);
}

class SqliteStore implements Store {
  readonly #db: Database;
  readonly #folder: StoreFolder;
  readonly #questions: Questions;
  readonly #turns: Turns;
  readonly #entries: Entries;
  readonly #inbox: Inbox;
  readonly #workbench: Workbench;
  readonly #noteCheck: Query<unknown>;
  readonly #retentionMs: number;
  readonly #seenMs: number;
  #closing: Promise<void> | undefined;

  constructor(db: Database, folder: StoreFolder, options: SqliteStoreOptions) {
    this.#db = db;
    this.#folder = folder;
    this.#questions = new Questions(db);
    this.#turns = new Turns(db);
    this.#entries = new Entries(db);
    const tables = { questions: this.#questions, turns: this.#turns, entries: this.#entries };
    this.#inbox = new Inbox(db, folder.path, tables);
    this.#workbench = new Workbench(db, options.historyLimit ?? 400, tables);
    this.#noteCheck = db.query('UPDATE store SET checkedAt = ?');
    this.#retentionMs = options.retentionMs;
    this.#seenMs = options.seenMs ?? 7 * dayMs;
  }

  accept(message: Message, options: AcceptOptions): Promise<Receipt | 'too-many'> {
    return this.#step((now) => this.#inbox.accept(message, options, now));
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): Promise<boolean> {
    return this.#step(() => this.#inbox.revise(conversation, id, text, tokens));
  }

  withdraw(conversation: ConversationId, id: string): Promise<boolean> {
    return this.#step((now) => this.#inbox.withdraw(conversation, id, now));
  }

  requestStop(conversation: ConversationId): Promise<boolean> {
    return this.#step(() => this.#turns.requestStop(conversation));
  }

  claim(conversation: ConversationId, lease: Lease): Promise<Work | undefined> {
    return this.#step((now) => this.#workbench.claim(conversation, lease, now));
  }

  async renew(claims: readonly Claim[], lease: Lease): Promise<Claim[]> {
    // A lease ends with this process at the latest, so there is no need to wait for the disk.
    return this.#db.write(() => {
      const leasedUntil = Date.now() + lease.leaseMs;
      return claims.filter((claim) => !this.#turns.renew(claim, leasedUntil));
    });
  }

  async savePage(claim: Claim, page: PageRecord): Promise<void> {
    const isNews = this.#db.write(() => this.#workbench.savePage(claim, page));
    // Growing text comes every few seconds from every reply, and can be written again.
    if (isNews) await this.#db.durable();
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#step(() => this.#workbench.dropPage(claim, index));
  }

  conclude(claim: Claim, ending: Ending): Promise<void> {
    return this.#step(() => this.#workbench.conclude(claim, ending));
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<Work | undefined> {
    return this.#step((now) => this.#workbench.finish(claim, lease, replyTokens, now));
  }

  release(claim: Claim, options: { forgive: boolean }): Promise<void> {
    return this.#step(() => this.#workbench.release(claim, options));
  }

  async waiting(): Promise<Waiting[]> {
    return this.#db.read(() => this.#questions.waiting(Date.now()));
  }

  async view(conversation: ConversationId): Promise<View> {
    return this.#db.read(() => this.#workbench.view(conversation, Date.now()));
  }

  async participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#db.read(() => this.#inbox.participation(conversation));
  }

  async active(platform: string, since: number): Promise<ConversationId[]> {
    return this.#db.read(() => this.#inbox.active(platform, since));
  }

  async sweep(): Promise<number> {
    await this.#inBatches((now) => this.#inbox.forgetSeen(now - this.#seenMs, sweepBatch));
    const old = (now: number) => now - this.#retentionMs;
    await this.#inBatches((now) => this.#inbox.forgetParticipants(old(now), sweepBatch));
    return this.#inBatches((now) => this.#entries.deleteOld(old(now), sweepBatch));
  }

  check(): Promise<void> {
    return this.#step((now) => {
      this.#inbox.ensureRoom();
      this.#noteCheck.run(now);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    // While the lock is still held: later, the note would be the next holder's.
    this.#folder.forgetHolder();
    await this.#db.close();
  }

  /** One atomic step, on the disk when it resolves. */
  async #step<T>(take: (now: number) => T): Promise<T> {
    const result = this.#db.write(() => take(Date.now()));
    // Also when nothing changed: "duplicate" is a promise, too, that the first one is kept.
    await this.#db.durable();
    return result;
  }

  /** Repeats a step that deletes up to `sweepBatch` rows until it finds fewer; returns how many. */
  async #inBatches(take: (now: number) => number): Promise<number> {
    let total = 0;
    for (;;) {
      const gone = await this.#step(take);
      total += gone;
      if (gone < sweepBatch) return total;
      await setImmediate();
    }
  }
}
