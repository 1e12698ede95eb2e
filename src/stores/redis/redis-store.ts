import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Claim, Ending, Entry, PageRecord } from '../../core/domain/turn.ts';
import type { Message } from '../../core/domain/message.ts';
import type { SharedBudgets } from '../../core/ports/budgets.ts';
import type {
  AcceptOptions,
  Admission,
  Admitted,
  Depth,
  Forgotten,
  InHand,
  Lease,
  Participation,
  Renewal,
  Secrets,
  Store,
  Summary,
  View,
  Waiting,
  Watcher,
  Work,
} from '../../core/ports/store.ts';
import type { Meters, UsageBook } from '../../core/ports/usage.ts';
import { Bookmarks, PauseNote, RedisBudgets, RedisSecrets, Roles } from './coordination.ts';
import { Codec } from './records.ts';
import { Connection } from './connection/connection.ts';
import { Forgetting, Sweeper } from './deletion.ts';
import { Inbox } from './conversations/inbox.ts';
import { Keys } from './keys.ts';
import { News } from './connection/pub-sub.ts';
import { noteRuns, openConnection } from './connection/open-connection.ts';
import { boundsOf, type RedisStoreOptions } from './options.ts';
import { Partitions } from './conversations/work-queue.ts';
import { RedisMeters, RedisUsage } from './accounting.ts';
import { Persons } from './conversations/person-index.ts';
import { Summaries } from './conversations/participants.ts';
import { parseRedisUrl, type Target } from './connection/redis-url.ts';
import { Workbench } from './conversations/turns.ts';

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
  const prepare = (): Promise<void> => noteRuns(connection, keys, boundsOf(options).stayMs);
  await openConnection(connection, target, keys, { prepare, evenFull, signal, log });
  return new RedisStore(connection, target, keys, options);
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
  /** What the service made for itself. */
  readonly secrets: Secrets;
  readonly #connection: Connection;
  readonly #news: News;
  readonly #inbox: Inbox;
  readonly #workbench: Workbench;
  readonly #partitions: Partitions;
  readonly #pause: PauseNote;
  readonly #summaries: Summaries;
  readonly #bookmarks: Bookmarks;
  readonly #roles: Roles;
  readonly #forgetting: Forgetting;
  readonly #sweeper: Sweeper;
  #closed = false;

  constructor(connection: Connection, target: Target, keys: Keys, options: RedisStoreOptions) {
    const { log } = options;
    const bounds = boundsOf(options);
    const codec = new Codec(log);
    const persons = new Persons(connection, keys, { ...bounds, log });
    const meters = new RedisMeters(connection, keys);
    const usage = new RedisUsage(connection, keys, { ...bounds, log });
    const workbench = new Workbench(connection, keys, codec, { ...bounds, log });
    this.name = target.name;
    this.budgets = new RedisBudgets(connection, keys);
    this.meters = meters;
    this.usage = usage;
    this.secrets = new RedisSecrets(connection, keys);
    this.#connection = connection;
    this.#news = new News(connection, target, keys.channel, log);
    this.#inbox = new Inbox({ connection, keys, persons, workbench, bounds, log });
    this.#workbench = workbench;
    this.#partitions = new Partitions(connection, keys, { ...bounds, log });
    this.#pause = new PauseNote(connection, keys);
    this.#summaries = new Summaries(connection, keys, log);
    this.#bookmarks = new Bookmarks(connection, keys, bounds.retentionMs);
    this.#roles = new Roles(connection, keys);
    this.#forgetting = new Forgetting(connection, keys, codec, persons, [meters, usage]);
    this.#sweeper = new Sweeper(connection, keys, { ...bounds, log });
  }

  accept(message: Message, options: AcceptOptions): Promise<Admission> {
    return this.#inbox.accept(message, options);
  }

  acceptAndClaim(message: Message, options: AcceptOptions, lease: Lease): Promise<Admitted> {
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

  pause(since: number | undefined): Promise<void> {
    return this.#pause.note(since);
  }

  pausedSince(): Promise<number | undefined> {
    return this.#pause.since();
  }

  depth(): Promise<Depth> {
    return this.#partitions.depth();
  }

  /** Hears of what there is to do, or to stop, as soon as any instance knows it. */
  watch(watcher: Watcher): void {
    this.#news.watch(watcher);
  }

  tellLoad(owner: string, turns: number): Promise<void> {
    return this.#news.tellLoad(owner, turns);
  }

  view(conversation: ConversationId, most?: number): Promise<View> {
    return this.#workbench.view(conversation, most);
  }

  remember(conversation: ConversationId, entries: readonly Entry[]): Promise<void> {
    return this.#inbox.remember(conversation, entries);
  }

  participation(conversation: ConversationId): Promise<Participation | undefined> {
    return this.#inbox.participation(conversation);
  }

  conversationsOf(platform: string, authorId: string, most: number): Promise<Summary[]> {
    return this.#summaries.of(platform, authorId, most);
  }

  rename(conversation: ConversationId, authorId: string, name: string): Promise<boolean> {
    return this.#inbox.rename(conversation, authorId, name);
  }

  active(platform: string, since: number): Promise<ConversationId[]> {
    return this.#partitions.active(platform, since);
  }

  bookmarks(platform: string): Promise<ReadonlyMap<string, string>> {
    return this.#bookmarks.all(platform);
  }

  bookmark(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    return this.#bookmarks.mark(platform, marks);
  }

  hold(role: string, lease: Lease): Promise<boolean> {
    return this.#roles.hold(role, lease);
  }

  yield(role: string, owner: string): Promise<void> {
    return this.#roles.yield(role, owner);
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
