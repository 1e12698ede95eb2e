// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Message } from '../../core/domain/message.ts';
import type { Claim, Ending, HistoryEntry, PageRecord } from '../../core/domain/turn.ts';
import {
  type AcceptAndClaimResult,
  type AcceptOptions,
  type AcceptResult,
  type ClaimedTurn,
  type ConversationSummary,
  defaultLimits,
  type ForgetResult,
  type Lease,
  type OpenConversation,
  type Participation,
  type QueueDepth,
  type Renewal,
  type Secrets,
  type Store,
  type StoredConversation,
  type StoreLimits,
  type UnclaimedConversation,
} from '../../core/ports/store.ts';
import { SqliteQuotaMeters, SqliteUsageBook } from './accounting.ts';
import { DataFolder, DiskReserve } from './connection/data-folder.ts';
import { type Database, openDatabase } from './connection/database.ts';
import { HistoryTable } from './conversations/history.ts';
import { Inbox } from './conversations/inbox.ts';
import { Participants } from './conversations/participants.ts';
import { QuestionTable } from './conversations/questions.ts';
import { TurnTable } from './conversations/turn-table.ts';
import { Turns } from './conversations/turns.ts';
import { WorkQueue } from './conversations/work-queue.ts';
import { Coordination, SqliteSecrets } from './coordination.ts';
import { Erasure, Retention } from './deletion.ts';

export interface SqliteStoreOptions extends StoreLimits {
  /** Used by this store alone; created if missing, with access for this user only. */
  readonly folder: string;
  /** Largest size of the database, in pages of 4 KiB; by default the disk is the only limit. */
  readonly maxPages?: number;
}

/**
 * Opens the embedded store: one SQLite file, one process, nothing to install.
 *
 * Throws `BadConfiguration`, with what to do about it, if the folder cannot be written or is in
 * use, or if its database is damaged, newer than this code, or another program's. Nothing is ever
 * deleted or overwritten to get past that.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const folder = new DataFolder(options.folder);
  const db = await openDatabase(folder, options.maxPages);
  return new SqliteStore(db, folder, options);
}

class SqliteStore implements Store {
  readonly shared = false;
  readonly meters: SqliteQuotaMeters;
  readonly usage: SqliteUsageBook;
  readonly secrets: Secrets;
  readonly #db: Database;
  readonly #folder: DataFolder;
  readonly #inbox: Inbox;
  readonly #turns: Turns;
  readonly #queue: WorkQueue;
  readonly #participants: Participants;
  readonly #coordination: Coordination;
  readonly #erasure: Erasure;
  readonly #retention: Retention;
  #closing: Promise<void> | undefined;

  constructor(db: Database, folder: DataFolder, options: SqliteStoreOptions) {
    const { retentionMs, historyLimit, seenMs, usageMs } = { ...defaultLimits, ...options };
    const reserve = new DiskReserve(db, folder.path);
    const questions = new QuestionTable(db);
    const turns = new TurnTable(db);
    const history = new HistoryTable(db);
    const participants = new Participants(db);
    this.meters = new SqliteQuotaMeters(db);
    this.usage = new SqliteUsageBook(db);
    this.secrets = new SqliteSecrets(db);
    this.#db = db;
    this.#folder = folder;
    this.#inbox = new Inbox({ db, reserve, participants, questions, turns, history });
    this.#turns = new Turns({ db, questions, turns, history, historyLimit });
    this.#queue = new WorkQueue(db, reserve);
    this.#participants = participants;
    this.#coordination = new Coordination(db);
    this.#erasure = new Erasure(db);
    const times = { retentionMs, seenMs, usageMs };
    this.#retention = new Retention(db, times, (step) => this.#step(step));
  }

  accept(message: Message, options: AcceptOptions): Promise<AcceptResult> {
    return this.#step((now) => this.#inbox.accept(message, options, now));
  }

  acceptAndClaim(
    message: Message,
    options: AcceptOptions,
    lease: Lease,
  ): Promise<AcceptAndClaimResult> {
    return this.#step((now) => {
      const receipt = this.#inbox.accept(message, options, now);
      if (receipt !== 'queued') return { receipt };
      const work = this.#turns.claim(message.conversation, lease, now);
      return { receipt, ...(work !== undefined && { work }) };
    });
  }

  async openQuestions(_platform: string, authorId: string): Promise<number> {
    return this.#db.read(() => this.#inbox.openQuestions(authorId));
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): Promise<boolean> {
    return this.#step(() => this.#inbox.revise(conversation, id, text, tokens));
  }

  withdraw(conversation: ConversationId, id: string): Promise<boolean> {
    return this.#step((now) => this.#inbox.withdraw(conversation, id, now));
  }

  requestStop(conversation: ConversationId): Promise<boolean> {
    return this.#step(() => this.#inbox.requestStop(conversation));
  }

  claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined> {
    return this.#step((now) => this.#turns.claim(conversation, lease, now));
  }

  async renew(claims: readonly Claim[], lease: Lease): Promise<Renewal> {
    // A lease ends with this process at the latest: it need not be on the disk.
    return this.#db.write(() => this.#turns.renew(claims, lease, Date.now()));
  }

  async savePage(claim: Claim, page: PageRecord): Promise<void> {
    const isNew = this.#db.write(() => this.#turns.savePage(claim, page));
    // Growing text comes every few seconds from every reply, and may be lost.
    if (isNew) await this.#db.durable();
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#step(() => this.#turns.dropPage(claim, index));
  }

  storeEnding(claim: Claim, ending: Ending): Promise<void> {
    return this.#step(() => this.#turns.storeEnding(claim, ending));
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    return this.#step((now) => this.#turns.finish(claim, lease, replyTokens, now));
  }

  release(claim: Claim, options: { countAttempt: boolean }): Promise<void> {
    return this.#step(() => this.#turns.release(claim, options));
  }

  async unclaimed(): Promise<UnclaimedConversation[]> {
    return this.#db.read(() => this.#queue.unclaimed(Date.now()));
  }

  async queueDepth(): Promise<QueueDepth> {
    return this.#db.read(() => this.#queue.queueDepth(Date.now()));
  }

  async openConversations(): Promise<OpenConversation[]> {
    return this.#db.read(() => this.#queue.openConversations(Date.now()));
  }

  setPausedSince(since: number | undefined): Promise<void> {
    return this.#step(() => this.#coordination.setPausedSince(since));
  }

  async pausedSince(): Promise<number | undefined> {
    return this.#db.read(() => this.#coordination.pausedSince());
  }

  async conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation> {
    return this.#db.read(() => this.#turns.conversationView(conversation, Date.now(), most));
  }

  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void> {
    return this.#step((now) => this.#inbox.addEarlierHistory(conversation, entries, now));
  }

  async participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#db.read(() => this.#participants.participation(conversation));
  }

  async conversationsOf(
    platform: string,
    authorId: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    return this.#db.read(() => this.#participants.conversationsOf(platform, authorId, most));
  }

  rename(conversation: ConversationId, authorId: string, title: string): Promise<boolean> {
    return this.#step(() => this.#participants.rename(conversation, authorId, title));
  }

  async recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    return this.#db.read(() => this.#queue.recentlyActive(platform, since));
  }

  async readPositions(platform: string): Promise<ReadonlyMap<string, string>> {
    return this.#db.read(() => this.#coordination.readPositions(platform));
  }

  saveReadPositions(platform: string, positions: ReadonlyMap<string, string>): Promise<void> {
    return this.#step((now) => this.#coordination.saveReadPositions(platform, positions, now));
  }

  async acquireLeadership(role: string, lease: Lease): Promise<boolean> {
    return this.#db.read(() => this.#coordination.acquireLeadership(role, lease));
  }

  async releaseLeadership(role: string, owner: string): Promise<void> {
    this.#db.read(() => this.#coordination.releaseLeadership(role, owner));
  }

  forgetConversation(conversation: ConversationId): Promise<number> {
    return this.#step(() => this.#erasure.forgetConversation(conversation));
  }

  forgetPerson(platform: string, authorId: string): Promise<ForgetResult> {
    return this.#step(() => {
      this.meters.forget(platform, authorId);
      this.usage.forget(platform, authorId);
      return this.#erasure.forgetPerson(platform, authorId);
    });
  }

  sweep(): Promise<number> {
    return this.#retention.sweep();
  }

  checkWritable(): Promise<void> {
    return this.#step((now) => this.#queue.checkWritable(now));
  }

  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #release(): Promise<void> {
    // Before the lock goes: later the note would be the next holder's.
    this.#folder.forgetHolder();
    await this.#db.close();
  }

  /** Takes one atomic step, which is on the disk when this resolves. */
  async #step<T>(take: (now: number) => T): Promise<T> {
    const result = this.#db.write(() => take(Date.now()));
    // Also when nothing changed: "duplicate" says, too, that the first delivery is on the disk.
    await this.#db.durable();
    return result;
  }
}
