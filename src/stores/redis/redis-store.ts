import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Claim, Ending, HistoryEntry, PageRecord } from '../../core/domain/turn.ts';
import type { Message } from '../../core/domain/message.ts';
import type { BudgetAllocator } from '../../core/ports/budgets.ts';
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
  StoreWatcher,
  ClaimedTurn,
} from '../../core/ports/store.ts';
import type { QuotaMeters, UsageBook } from '../../core/ports/usage.ts';
import {
  ReadPositions,
  OperatorPause,
  RedisBudgets,
  RedisSecrets,
  LeaderLocks,
} from './coordination.ts';
import { RecordReader } from './records.ts';
import { Connection } from './connection/connection.ts';
import { Erasure, Retention } from './deletion.ts';
import { Inbox } from './conversations/inbox.ts';
import { Keys } from './keys.ts';
import { PubSub } from './connection/pub-sub.ts';
import { noteServerRuns, openConnection } from './connection/open-connection.ts';
import { boundsOf, type RedisStoreOptions } from './options.ts';
import { WorkQueue } from './conversations/work-queue.ts';
import { RedisQuotaMeters, RedisUsageBook } from './accounting.ts';
import { PersonIndex } from './conversations/person-index.ts';
import { Participants } from './conversations/participants.ts';
import { parseRedisUrl, type Target } from './connection/redis-url.ts';
import { Turns } from './conversations/turns.ts';

/**
 * Opens the shared store: Redis 6.2 or newer, or Valkey, for any number of instances.
 *
 * Waits for it while it does not answer, or loads its data; the log tells so. Throws
 * `BadConfiguration`, with what to do about it, if the address is none, what answers there is of no
 * use, or it does not let us in or write; or the signal's reason.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const target = parseRedisUrl(options.url);
  const keys = new Keys(options.prefix ?? 'parley');
  const { log, patienceMs = 3_000, evenFull = false } = options;
  const { signal = new AbortController().signal } = options;
  const connection = new Connection(target, { patienceMs, log });
  const prepare = (): Promise<void> => noteServerRuns(connection, keys, boundsOf(options).stayMs);
  await openConnection(connection, target, keys, { prepare, evenFull, signal, log });
  return new RedisStore(connection, target, keys, options);
}

/** The shared store. What each key holds is said in `keys.ts`, each atomic step in `scripts/`. */
export class RedisStore implements Store {
  readonly shared = true;
  /** Where it is, for people and logs. */
  readonly name: string;
  /** The rate limits that its instances share. */
  readonly budgets: BudgetAllocator;
  /** What people and workspaces use of their quotas. */
  readonly meters: QuotaMeters;
  /** What was used, day by day. */
  readonly usage: UsageBook;
  /** What the service made for itself. */
  readonly secrets: Secrets;
  readonly #connection: Connection;
  readonly #news: PubSub;
  readonly #inbox: Inbox;
  readonly #workbench: Turns;
  readonly #partitions: WorkQueue;
  readonly #pause: OperatorPause;
  readonly #summaries: Participants;
  readonly #bookmarks: ReadPositions;
  readonly #roles: LeaderLocks;
  readonly #forgetting: Erasure;
  readonly #sweeper: Retention;
  #closed = false;

  constructor(connection: Connection, target: Target, keys: Keys, options: RedisStoreOptions) {
    const { log } = options;
    const bounds = boundsOf(options);
    const codec = new RecordReader(log);
    const persons = new PersonIndex(connection, keys, { ...bounds, log });
    const meters = new RedisQuotaMeters(connection, keys);
    const usage = new RedisUsageBook(connection, keys, { ...bounds, log });
    const workbench = new Turns(connection, keys, codec, { ...bounds, log });
    this.name = target.name;
    this.budgets = new RedisBudgets(connection, keys);
    this.meters = meters;
    this.usage = usage;
    this.secrets = new RedisSecrets(connection, keys);
    this.#connection = connection;
    this.#news = new PubSub(connection, target, keys.channel, log);
    this.#inbox = new Inbox({ connection, keys, persons, workbench, bounds, log });
    this.#workbench = workbench;
    this.#partitions = new WorkQueue(connection, keys, { ...bounds, log });
    this.#pause = new OperatorPause(connection, keys);
    this.#summaries = new Participants(connection, keys, log);
    this.#bookmarks = new ReadPositions(connection, keys, bounds.retentionMs);
    this.#roles = new LeaderLocks(connection, keys);
    this.#forgetting = new Erasure(connection, keys, codec, persons, [meters, usage]);
    this.#sweeper = new Retention(connection, keys, { ...bounds, log });
  }

  accept(message: Message, options: AcceptOptions): Promise<AcceptResult> {
    return this.#inbox.accept(message, options);
  }

  acceptAndClaim(
    message: Message,
    options: AcceptOptions,
    lease: Lease,
  ): Promise<AcceptAndClaimResult> {
    return this.#inbox.acceptAndClaim(message, options, lease);
  }

  openQuestions(platform: string, authorId: string): Promise<number> {
    return this.#inbox.openQuestions(platform, authorId);
  }

  revise(conversation: ConversationId, id: string, text: string, tokens: number): Promise<boolean> {
    return this.#inbox.revise(conversation, id, text, tokens);
  }

  withdraw(conversation: ConversationId, id: string): Promise<boolean> {
    return this.#inbox.withdraw(conversation, id);
  }

  requestStop(conversation: ConversationId): Promise<boolean> {
    return this.#inbox.requestStop(conversation);
  }

  claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined> {
    return this.#workbench.claim(conversation, lease);
  }

  renew(claims: readonly Claim[], lease: Lease): Promise<Renewal> {
    return this.#workbench.renew(claims, lease);
  }

  savePage(claim: Claim, page: PageRecord): Promise<void> {
    return this.#workbench.savePage(claim, page);
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#workbench.dropPage(claim, index);
  }

  storeEnding(claim: Claim, ending: Ending): Promise<void> {
    return this.#workbench.storeEnding(claim, ending);
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    return this.#workbench.finish(claim, lease, replyTokens);
  }

  release(claim: Claim, options: { forgive: boolean }): Promise<void> {
    return this.#workbench.release(claim, options);
  }

  unclaimed(): Promise<UnclaimedConversation[]> {
    return this.#partitions.unclaimed();
  }

  openConversations(): Promise<OpenConversation[]> {
    return this.#partitions.openConversations();
  }

  setPausedSince(since: number | undefined): Promise<void> {
    return this.#pause.set(since);
  }

  pausedSince(): Promise<number | undefined> {
    return this.#pause.since();
  }

  queueDepth(): Promise<QueueDepth> {
    return this.#partitions.queueDepth();
  }

  /** Hears of what there is to do, or to stop, as soon as any instance knows it. */
  watch(watcher: StoreWatcher): void {
    this.#news.watch(watcher);
  }

  publishLoad(owner: string, turns: number): Promise<void> {
    return this.#news.publishLoad(owner, turns);
  }

  conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation> {
    return this.#workbench.conversationView(conversation, most);
  }

  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void> {
    return this.#inbox.addEarlierHistory(conversation, entries);
  }

  participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#inbox.participation(conversation);
  }

  conversationsOf(
    platform: string,
    authorId: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    return this.#summaries.conversationsOf(platform, authorId, most);
  }

  rename(conversation: ConversationId, authorId: string, name: string): Promise<boolean> {
    return this.#inbox.rename(conversation, authorId, name);
  }

  recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    return this.#partitions.recentlyActive(platform, since);
  }

  readPositions(platform: string): Promise<ReadonlyMap<string, string>> {
    return this.#bookmarks.all(platform);
  }

  saveReadPositions(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    return this.#bookmarks.save(platform, marks);
  }

  acquireLeadership(role: string, lease: Lease): Promise<boolean> {
    return this.#roles.acquire(role, lease);
  }

  releaseLeadership(role: string, owner: string): Promise<void> {
    return this.#roles.release(role, owner);
  }

  forgetConversation(conversation: ConversationId): Promise<number> {
    return this.#forgetting.conversation(conversation);
  }

  forgetPerson(platform: string, authorId: string): Promise<ForgetResult> {
    return this.#forgetting.person(platform, authorId);
  }

  sweep(): Promise<number> {
    return this.#sweeper.sweep();
  }

  checkWritable(): Promise<void> {
    return this.#partitions.checkWritable();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#news.close();
    this.#connection.close();
  }
}
