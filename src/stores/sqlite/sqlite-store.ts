import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Claim, Ending, HistoryEntry, PageRecord } from '../../core/domain/turn.ts';
import type { Message } from '../../core/domain/message.ts';
import type {
  AcceptOptions,
  AcceptResult,
  AcceptAndClaimResult,
  QueueDepth,
  ForgetResult,
  OpenConversation,
  Lease,
  Participation,
  Renewal,
  Secrets,
  Store,
  ConversationSummary,
  StoredConversation,
  UnclaimedConversation,
  ClaimedTurn,
} from '../../core/ports/store.ts';
import type { QuotaMeters, UsageBook } from '../../core/ports/usage.ts';
import type { Database, Query } from './connection/database.ts';
import { WorkQueue } from './conversations/work-queue.ts';
import { DataFolder } from './connection/data-folder.ts';
import { Erasure, Retention } from './deletion.ts';
import { Inbox } from './conversations/inbox.ts';
import { openDatabase } from './connection/open-database.ts';
import { OperatorPause, LeaderLocks } from './coordination.ts';
import { openTables, type Tables } from './tables.ts';
import { Turns } from './conversations/turns.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * Opens the embedded store: one SQLite file, one process, nothing to install.
 *
 * Throws `BadConfiguration`, with what to do about it, if the folder cannot be written or is in
 * use, or if its database is damaged, newer than this code, or none. Nothing is ever deleted or
 * overwritten to get past that.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const folder = new DataFolder(options.folder);
  const db = await openDatabase(folder, options.maxPages);
  return new SqliteStore(db, folder, options);
}

class SqliteStore implements Store {
  readonly shared = false;
  /** What people and workspaces use of their quotas. */
  readonly meters: QuotaMeters;
  /** What was used, day by day. */
  readonly usage: UsageBook;
  /** What the service made for itself. */
  readonly secrets: Secrets;
  readonly #db: Database;
  readonly #folder: DataFolder;
  readonly #tables: Tables;
  readonly #inbox: Inbox;
  readonly #workbench: Turns;
  readonly #forgetting: Erasure;
  readonly #sweeper: Retention;
  readonly #roles = new LeaderLocks();
  readonly #depth: WorkQueue;
  readonly #noteCheck: Query<unknown>;
  readonly #pause: OperatorPause;
  #closing: Promise<void> | undefined;

  constructor(db: Database, folder: DataFolder, options: SqliteStoreOptions) {
    const { retentionMs, historyLimit = 400, seenMs = 7 * dayMs } = options;
    const { usageMs = 90 * dayMs } = options;
    this.#db = db;
    this.#folder = folder;
    this.#tables = openTables(db);
    this.meters = this.#tables.meters;
    this.usage = this.#tables.usage;
    this.secrets = this.#tables.secrets;
    this.#inbox = new Inbox(db, folder.path, this.#tables);
    this.#workbench = new Turns(this.#tables, historyLimit);
    this.#forgetting = new Erasure(db);
    this.#sweeper = new Retention(this.#tables, { retentionMs, seenMs, usageMs }, (step) =>
      this.#step(step),
    );
    this.#depth = new WorkQueue(db);
    this.#noteCheck = db.query('UPDATE store SET checkedAt = ?');
    this.#pause = new OperatorPause(db);
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
      const work = this.#workbench.claim(message.conversation, lease, now);
      return { receipt, ...(work === undefined ? {} : { work }) };
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
    return this.#step(() => this.#tables.turns.requestStop(conversation));
  }

  claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined> {
    return this.#step((now) => this.#workbench.claim(conversation, lease, now));
  }

  async renew(claims: readonly Claim[], lease: Lease): Promise<Renewal> {
    // A lease ends with this process at the latest, so there is no need to wait for the disk.
    return this.#db.write(() => this.#workbench.renew(claims, lease, Date.now()));
  }

  async savePage(claim: Claim, page: PageRecord): Promise<void> {
    const isNews = this.#db.write(() => this.#workbench.savePage(claim, page));
    // Growing text comes every few seconds from every reply, and can be written again.
    if (isNews) await this.#db.durable();
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#step(() => this.#workbench.dropPage(claim, index));
  }

  storeEnding(claim: Claim, ending: Ending): Promise<void> {
    return this.#step(() => this.#workbench.storeEnding(claim, ending));
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    return this.#step((now) => this.#workbench.finish(claim, lease, replyTokens, now));
  }

  release(claim: Claim, options: { countAttempt: boolean }): Promise<void> {
    return this.#step(() => this.#workbench.release(claim, options));
  }

  async unclaimed(): Promise<UnclaimedConversation[]> {
    return this.#db.read(() => this.#tables.questions.unclaimed(Date.now()));
  }

  async queueDepth(): Promise<QueueDepth> {
    return this.#db.read(() => this.#depth.queueDepth(Date.now()));
  }

  async openConversations(): Promise<OpenConversation[]> {
    return this.#db.read(() => this.#tables.questions.openConversations(Date.now()));
  }

  setPausedSince(since: number | undefined): Promise<void> {
    return this.#step(() => this.#pause.set(since));
  }

  async pausedSince(): Promise<number | undefined> {
    return this.#db.read(() => this.#pause.since());
  }

  async conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation> {
    return this.#db.read(() => this.#workbench.conversationView(conversation, Date.now(), most));
  }

  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void> {
    return this.#step((now) => this.#inbox.addEarlierHistory(conversation, entries, now));
  }

  async participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#db.read(() => this.#tables.participants.of(conversation));
  }

  async conversationsOf(
    platform: string,
    authorId: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    return this.#db.read(() => this.#tables.participants.conversationsOf(platform, authorId, most));
  }

  rename(conversation: ConversationId, authorId: string, name: string): Promise<boolean> {
    return this.#step(() => this.#tables.participants.rename(conversation, authorId, name));
  }

  async recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    return this.#db.read(() => this.#tables.participants.recentlyActive(platform, since));
  }

  async readPositions(platform: string): Promise<ReadonlyMap<string, string>> {
    return this.#db.read(() => this.#tables.bookmarks.of(platform));
  }

  saveReadPositions(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    return this.#step((now) => this.#tables.bookmarks.save(platform, marks, now));
  }

  async acquireLeadership(role: string, lease: Lease): Promise<boolean> {
    return this.#db.read(() => this.#roles.acquire(role, lease));
  }

  async releaseLeadership(role: string, owner: string): Promise<void> {
    this.#db.read(() => this.#roles.release(role, owner));
  }

  forgetConversation(conversation: ConversationId): Promise<number> {
    return this.#step(() => this.#forgetting.conversation(conversation));
  }

  forgetPerson(platform: string, authorId: string): Promise<ForgetResult> {
    return this.#step(() => {
      this.#tables.meters.forget(`${platform}:${authorId}`);
      this.#tables.usage.forget(platform, authorId);
      return this.#forgetting.person(platform, authorId);
    });
  }

  sweep(): Promise<number> {
    return this.#sweeper.sweep();
  }

  checkWritable(): Promise<void> {
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
}

export interface SqliteStoreOptions {
  /** Belongs to this store alone; made if it is not there, with access for this user only. */
  readonly folder: string;
  /** How long history is kept, by the platform's time, in milliseconds. */
  readonly retentionMs: number;
  /** Entries given to `claim`, `finish` and `view` at most; 400 by default. */
  readonly historyLimit?: number;
  /** How long the ids of messages are remembered, in milliseconds; 7 days by default. */
  readonly seenMs?: number;
  /** How long it is kept what was used, in milliseconds; 90 days by default. */
  readonly usageMs?: number;
  /** The database grows to so many pages of 4 KiB at most; by default only the disk is a limit. */
  readonly maxPages?: number;
}
