// Tested by test/contract/store/redis.test.ts
import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Message } from '../../core/domain/message.ts';
import type { Claim, Ending, HistoryEntry, PageRecord } from '../../core/domain/turn.ts';
import type { BudgetAllocator } from '../../core/ports/budgets.ts';
import type { Log } from '../../core/ports/log.ts';
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
import type { QuotaMeters, UsageBook } from '../../core/ports/usage.ts';
import { RedisQuotaMeters, RedisUsageBook } from './accounting.ts';
import { Connection } from './connection/connection.ts';
import { noteServerRuns, openConnection } from './connection/open-connection.ts';
import { PubSub } from './connection/pub-sub.ts';
import { parseRedisUrl, type Target } from './connection/redis-url.ts';
import { Inbox } from './conversations/inbox.ts';
import { Participants } from './conversations/participants.ts';
import { PersonIndex } from './conversations/person-index.ts';
import { Turns } from './conversations/turns.ts';
import { WorkQueue } from './conversations/work-queue.ts';
import { Coordination, RedisBudgetAllocator, RedisSecrets } from './coordination.ts';
import { Erasure, Retention } from './deletion.ts';
import { Keys } from './keys.ts';
import type { Args } from './lua-scripts.ts';
import { RecordReader } from './records.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** A question may wait for 30 days (MAX_QUESTION_AGE_MINUTES), and must not expire before. */
const longestWaitMs = 31 * dayMs;
/** Entries that a conversation keeps at least, in number. */
const leastKept = 1_000;

export interface RedisStoreOptions extends StoreLimits {
  /** See `parseRedisUrl` for Sentinel, Cluster and TLS. */
  readonly url: string;
  /** First part of every key, so that several services can share a Redis; `parley` by default. */
  readonly prefix?: string;
  /**
   * Time for which a turn is left alone after its lease ended, in milliseconds: the longest call to
   * a platform that its owner may have made at the last moment. 0 by default.
   */
  readonly takeoverGraceMs?: number;
  /** How long a step waits for a Redis that is away, in milliseconds; 3,000 by default. */
  readonly patienceMs?: number;
  /** Opens a Redis that refuses writes, too: to see why, or to delete something there. */
  readonly evenFull?: boolean;
  /** Ends the wait for a Redis that does not answer at the start, which is endless without it. */
  readonly signal?: AbortSignal;
  readonly log: Log;
}

/** Arguments that scripts share: how long and how much is kept, and where changes are published. */
export function scriptArgsOf(options: Omit<RedisStoreOptions, 'url' | 'log'>, keys: Keys): Args {
  const { retentionMs, takeoverGraceMs: graceMs = 0 } = options;
  const { historyLimit, seenMs } = { ...defaultLimits, ...options };
  return {
    retentionMs,
    seenMs,
    graceMs,
    historyLimit,
    maxEntries: Math.max(leastKept, historyLimit),
    idleTtlMs: Math.max(retentionMs, longestWaitMs) + dayMs,
    channel: keys.channel,
  };
}

/**
 * Opens the shared store: Redis 6.2 or newer, or Valkey, for any number of instances.
 *
 * Waits while Redis does not answer or loads its data, and logs that. Throws the signal's reason, or
 * `BadConfiguration`, with what to do about it, if the address is wrong, the server is unsuitable,
 * or it refuses our user or writes.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const target = parseRedisUrl(options.url);
  const keys = new Keys(options.prefix ?? 'parley');
  const { log, patienceMs = 3_000, evenFull = false } = options;
  const { signal = new AbortController().signal } = options;
  const scriptArgs = scriptArgsOf(options, keys);
  const connection = new Connection(target, { patienceMs, scriptArgs, log });
  const prepare = (): Promise<void> => noteServerRuns(connection, keys);
  await openConnection(connection, target, keys, { prepare, evenFull, signal, log });
  return new RedisStore(connection, target, keys, options);
}

/** The shared store. `keys.ts` says what each key holds; each atomic step is in `scripts/`. */
export class RedisStore implements Store {
  readonly shared = true;
  readonly channel: PubSub;
  /** The server's address without the password, for people and logs. */
  readonly name: string;
  readonly budgets: BudgetAllocator;
  readonly meters: QuotaMeters;
  readonly usage: UsageBook;
  readonly secrets: Secrets;
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  readonly #turns: Turns;
  readonly #queue: WorkQueue;
  readonly #participants: Participants;
  readonly #coordination: Coordination;
  readonly #erasure: Erasure;
  readonly #retention: Retention;
  #closed = false;

  constructor(connection: Connection, target: Target, keys: Keys, options: RedisStoreOptions) {
    const { log, retentionMs, usageMs = defaultLimits.usageMs } = options;
    const reader = new RecordReader(log);
    const persons = new PersonIndex(connection, keys, log);
    const meters = new RedisQuotaMeters(connection, keys);
    const usage = new RedisUsageBook(connection, keys, { usageMs, log });
    const turns = new Turns(connection, keys, reader, log);
    this.name = target.name;
    this.budgets = new RedisBudgetAllocator(connection, keys);
    this.meters = meters;
    this.usage = usage;
    this.secrets = new RedisSecrets(connection, keys);
    this.#connection = connection;
    this.channel = new PubSub(connection, target, keys.channel, log);
    this.#inbox = new Inbox({ connection, keys, persons, turns, log });
    this.#turns = turns;
    this.#queue = new WorkQueue(connection, keys, log);
    this.#participants = new Participants(connection, keys, log);
    this.#coordination = new Coordination(connection, keys);
    this.#erasure = new Erasure({ connection, keys, reader, persons, others: [meters, usage] });
    this.#retention = new Retention(connection, keys, { retentionMs, log });
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
    return this.#turns.claim(conversation, lease);
  }

  renew(claims: readonly Claim[], lease: Lease): Promise<Renewal> {
    return this.#turns.renew(claims, lease);
  }

  savePage(claim: Claim, page: PageRecord): Promise<void> {
    return this.#turns.savePage(claim, page);
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#turns.dropPage(claim, index);
  }

  storeEnding(claim: Claim, ending: Ending): Promise<void> {
    return this.#turns.storeEnding(claim, ending);
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    return this.#turns.finish(claim, lease, replyTokens);
  }

  release(claim: Claim, options: { countAttempt: boolean }): Promise<void> {
    return this.#turns.release(claim, options);
  }

  unclaimed(): Promise<UnclaimedConversation[]> {
    return this.#queue.unclaimed();
  }

  openConversations(): Promise<OpenConversation[]> {
    return this.#queue.openConversations();
  }

  setPausedSince(since: number | undefined): Promise<void> {
    return this.#coordination.setPausedSince(since);
  }

  pausedSince(): Promise<number | undefined> {
    return this.#coordination.pausedSince();
  }

  queueDepth(): Promise<QueueDepth> {
    return this.#queue.queueDepth();
  }

  conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation> {
    return this.#turns.conversationView(conversation, most);
  }

  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void> {
    return this.#inbox.addEarlierHistory(conversation, entries);
  }

  participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#participants.participation(conversation);
  }

  conversationsOf(
    platform: string,
    authorId: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    return this.#participants.conversationsOf(platform, authorId, most);
  }

  rename(conversation: ConversationId, authorId: string, title: string): Promise<boolean> {
    return this.#participants.rename(conversation, authorId, title);
  }

  recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    return this.#queue.recentlyActive(platform, since);
  }

  readPositions(platform: string): Promise<ReadonlyMap<string, string>> {
    return this.#coordination.readPositions(platform);
  }

  saveReadPositions(platform: string, positions: ReadonlyMap<string, string>): Promise<void> {
    return this.#coordination.saveReadPositions(platform, positions);
  }

  acquireLeadership(role: string, lease: Lease): Promise<boolean> {
    return this.#coordination.acquireLeadership(role, lease);
  }

  releaseLeadership(role: string, owner: string): Promise<void> {
    return this.#coordination.releaseLeadership(role, owner);
  }

  forgetConversation(conversation: ConversationId): Promise<number> {
    return this.#erasure.forgetConversation(conversation);
  }

  forgetPerson(platform: string, authorId: string): Promise<ForgetResult> {
    return this.#erasure.forgetPerson(platform, authorId);
  }

  sweep(): Promise<number> {
    return this.#retention.sweep();
  }

  checkWritable(): Promise<void> {
    return this.#queue.checkWritable();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.channel.close();
    this.#connection.close();
  }
}
