import type { ConversationId } from '../../core/conversation.ts';
import type { Entry } from '../../core/history.ts';
import type { Message } from '../../core/message.ts';
import type { SharedBudgets } from '../../core/ports/budgets.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Receipt } from '../../core/ports/platform.ts';
import type {
  AcceptOptions,
  Depth,
  Forgotten,
  InHand,
  Lease,
  Participation,
  Renewal,
  Store,
  View,
  Waiting,
  Watcher,
  Work,
} from '../../core/ports/store.ts';
import type { Meters } from '../../core/ports/quotas.ts';
import type { UsageBook } from '../../core/ports/usage.ts';
import type { Claim, Ending, PageRecord } from '../../core/turn.ts';
import { RedisBudgets } from './budgets.ts';
import { Codec } from './codec.ts';
import { Connection } from './connection.ts';
import { depthOf } from './depth.ts';
import { Forgetting } from './forgetting.ts';
import { Inbox } from './inbox.ts';
import { Keys } from './keys.ts';
import { News } from './news.ts';
import { openConnection } from './open-connection.ts';
import { Partitions } from './partitions.ts';
import { RedisMeters } from './quotas.ts';
import { Persons } from './persons.ts';
import { noteRuns } from './runs.ts';
import { Sweeper } from './sweeper.ts';
import { parseRedisUrl, type Target } from './url.ts';
import { RedisUsage } from './usage.ts';
import { Workbench } from './workbench.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** A question may wait for 30 days (MAX_QUESTION_AGE_MINUTES); it is not to go before. */
const longestWaitMs = 31 * dayMs;
/** Entries of a conversation that are kept at all, unless more than that are given out. */
const mostKept = 1_000;

export interface RedisStoreOptions {
  /** See `parseRedisUrl` for how Sentinel, Cluster and TLS are named. */
  readonly url: string;
  /** What every key begins with, so that several services can share a Redis; `parley` by default. */
  readonly prefix?: string;
  /** How long history is kept, by the platform's time, in milliseconds. */
  readonly retentionMs: number;
  /** Entries given to `claim`, `finish` and `view` at most; 400 by default. */
  readonly historyLimit?: number;
  /** How long the ids of messages are remembered, in milliseconds; 7 days by default. */
  readonly seenMs?: number;
  /** How long it is kept what was used, in milliseconds; 90 days by default. */
  readonly usageMs?: number;
  /**
   * How long after the end of a lease the turn is left alone, in milliseconds: for as long as a
   * call to a platform may last that its owner made at the last moment. 0 by default.
   */
  readonly takeoverGraceMs?: number;
  /** How long a step waits for a Redis that is away, in milliseconds; 3,000 by default. */
  readonly patienceMs?: number;
  /** Ends the wait for a Redis that does not answer at the start, which is endless without it. */
  readonly signal?: AbortSignal;
  readonly log: Log;
}

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
  const { log, patienceMs = 3_000, signal = new AbortController().signal } = options;
  const connection = new Connection(target, { patienceMs, log });
  const prepare = (): Promise<void> => noteRuns(connection, keys, stayMsOf(options));
  await openConnection(connection, target, keys, { prepare, signal, log });
  return new RedisStore(connection, target, keys, options);
}

/** How long questions and turns stay where nobody is at work any more. */
function stayMsOf({ retentionMs }: RedisStoreOptions): number {
  return Math.max(retentionMs, longestWaitMs) + dayMs;
}

/** The shared store. What each key holds is said in `keys.ts`, each atomic step in `scripts/`. */
export class RedisStore implements Store {
  readonly shared = true;
  /** Where it is, for people and logs. */
  readonly name: string;
  /** The rate limits that its instances share. */
  readonly budgets: SharedBudgets;
  /** What people and workspaces use of their quotas. */
  readonly meters: Meters;
  /** What was used, day by day. */
  readonly usage: UsageBook;
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #news: News;
  readonly #inbox: Inbox;
  readonly #workbench: Workbench;
  readonly #partitions: Partitions;
  readonly #forgetting: Forgetting;
  readonly #sweeper: Sweeper;
  readonly #retentionMs: number;
  readonly #takeoverGraceMs: number;
  #closed = false;

  constructor(connection: Connection, target: Target, keys: Keys, options: RedisStoreOptions) {
    const { log, retentionMs, historyLimit = 400, seenMs = 7 * dayMs } = options;
    const { takeoverGraceMs = 0, usageMs = 90 * dayMs } = options;
    const keep = Math.max(mostKept, historyLimit);
    const stayMs = stayMsOf(options);
    const codec = new Codec(log);
    const persons = new Persons(connection, keys, { retentionMs, log });
    this.name = target.name;
    this.budgets = new RedisBudgets(connection, keys);
    const meters = new RedisMeters(connection, keys);
    const usage = new RedisUsage(connection, keys, { usageMs, log });
    this.meters = meters;
    this.usage = usage;
    this.#connection = connection;
    this.#keys = keys;
    this.#retentionMs = retentionMs;
    this.#takeoverGraceMs = takeoverGraceMs;
    this.#news = new News(target, keys.channel, log);
    this.#inbox = new Inbox(connection, keys, persons, { seenMs, retentionMs, stayMs, keep });
    this.#workbench = new Workbench(connection, keys, codec, {
      historyLimit,
      keep,
      retentionMs,
      stayMs,
      takeoverGraceMs,
      log,
    });
    this.#partitions = new Partitions(connection, keys, takeoverGraceMs);
    this.#forgetting = new Forgetting(connection, keys, codec, persons, [meters, usage]);
    this.#sweeper = new Sweeper(connection, keys, { retentionMs, log });
  }

  accept(message: Message, options: AcceptOptions): Promise<Receipt | 'too-many'> {
    return this.#inbox.accept(message, options);
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

  claim(conversation: ConversationId, lease: Lease): Promise<Work | undefined> {
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

  conclude(claim: Claim, ending: Ending): Promise<void> {
    return this.#workbench.conclude(claim, ending);
  }

  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<Work | undefined> {
    return this.#workbench.finish(claim, lease, replyTokens);
  }

  release(claim: Claim, options: { forgive: boolean }): Promise<void> {
    return this.#workbench.release(claim, options);
  }

  waiting(): Promise<Waiting[]> {
    return this.#partitions.waiting();
  }

  inHand(): Promise<InHand[]> {
    return this.#partitions.inHand();
  }

  async pause(since: number | undefined): Promise<void> {
    const { client } = this.#connection;
    const { paused } = this.#keys.ofOperator();
    // Without an end: a pause that is forgotten is seen in the log and by `turns`, one that ends
    // by itself is not.
    await this.#connection.try<unknown>(() =>
      since === undefined ? client.del(paused) : client.set(paused, since),
    );
  }

  async pausedSince(): Promise<number | undefined> {
    const { paused } = this.#keys.ofOperator();
    const since = await this.#connection.try(() => this.#connection.client.get(paused));
    return since === null ? undefined : Number(since) || 0;
  }

  depth(): Promise<Depth> {
    return depthOf(this.#connection, this.#keys, this.#takeoverGraceMs);
  }

  /** Hears of what there is to do, or to stop, as soon as any instance knows it. */
  watch(watcher: Watcher): void {
    this.#news.watch(watcher);
  }

  view(conversation: ConversationId): Promise<View> {
    return this.#workbench.view(conversation);
  }

  remember(conversation: ConversationId, entries: readonly Entry[]): Promise<void> {
    return this.#inbox.remember(conversation, entries);
  }

  participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#inbox.participation(conversation);
  }

  active(platform: string, since: number): Promise<ConversationId[]> {
    return this.#partitions.active(platform, since);
  }

  async bookmarks(platform: string): Promise<ReadonlyMap<string, string>> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    const found = (await this.#connection.run('bookmarks', keys, { retentionMs })) as string[];
    const marks = new Map<string, string>();
    for (let i = 0; i + 1 < found.length; i += 2) marks.set(found[i] ?? '', found[i + 1] ?? '');
    return marks;
  }

  async bookmark(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    await this.#connection.run('bookmark', keys, { retentionMs }, [...marks].flat());
  }

  async hold(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
    const keys = this.#keys.ofRole(role);
    return (await this.#connection.run('hold', keys, { owner, leaseMs })) === 1;
  }

  async yield(role: string, owner: string): Promise<void> {
    await this.#connection.run('yield', this.#keys.ofRole(role), { owner });
  }

  forgetConversation(conversation: ConversationId): Promise<number> {
    return this.#forgetting.conversation(conversation);
  }

  forgetPerson(platform: string, authorId: string): Promise<Forgotten> {
    return this.#forgetting.person(platform, authorId);
  }

  sweep(): Promise<number> {
    return this.#sweeper.sweep();
  }

  check(): Promise<void> {
    return this.#partitions.check();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#news.close();
    this.#connection.close();
  }
}
