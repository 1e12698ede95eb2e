// Tested by test/contract/store/sqlite.test.ts
import type { ConversationId } from '../domain/conversation.ts';
import type { Claim, Ending, HistoryEntry, PageRecord, Turn } from '../domain/turn.ts';
import type { Message } from '../domain/message.ts';
import type { Receipt } from './platform.ts';

/** An instance's hold on a conversation or a role: it ends this long after it was last renewed. */
export interface Lease {
  /** The instance, by an id that no other instance has, nor itself after a restart. */
  readonly owner: string;
  readonly leaseMs: number;
}

/** How long and how much a store keeps; times in milliseconds. */
export interface StoreLimits {
  /** History and what belongs to it, by the platform's time. */
  readonly retentionMs: number;
  /** Entries of history in a claimed turn or a view, at most; 400 by default. */
  readonly historyLimit?: number;
  /** Ids of messages, by which repeated deliveries are dropped; 7 days by default. */
  readonly seenMs?: number;
  /** Usage by day; 90 days by default. */
  readonly usageMs?: number;
}

const dayMs = 24 * 60 * 60 * 1_000;
export const defaultLimits = { historyLimit: 400, seenMs: 7 * dayMs, usageMs: 90 * dayMs };

/** Longest lists that a store returns, and the length of a summary's text in characters. */
export const mostListed = { unclaimed: 1_000, open: 10_000, recentlyActive: 1_000 };
export const firstTextChars = 100;

export interface AcceptOptions {
  /** The message is a stop command where a turn runs. */
  readonly stops: boolean;
  /** Tokens of the message's text, as the model counts them. */
  readonly tokens: number;
  /** Open questions that the author may have, in all conversations; no limit without it. */
  readonly mostOpen?: number;
}

/** `too-many`: the author has `mostOpen` open questions already, and nothing was stored. */
export type AcceptResult = Receipt | 'too-many';

/** A turn to answer, with the history before it. */
export interface ClaimedTurn {
  readonly claim: Claim;
  readonly turn: Turn;
  /** The newest entries, oldest first, at most the store's `historyLimit`. */
  readonly history: readonly HistoryEntry[];
}

/** The receipt of a message, and the turn if its conversation was free. */
export interface AcceptAndClaimResult {
  readonly receipt: AcceptResult;
  readonly work?: ClaimedTurn;
}

/** A conversation with something to do and no living owner. */
export interface UnclaimedConversation {
  readonly conversation: ConversationId;
  /** Attempts at its turn so far; 0 if none began. */
  readonly attempts: number;
}

/** A conversation with a turn that runs, or questions that wait. */
export interface OpenConversation {
  readonly conversation: ConversationId;
  /** An instance whose lease has not ended works on it. */
  readonly owned: boolean;
  /** When the oldest of its questions came, in milliseconds since the epoch. */
  readonly since: number;
}

/** Figures for monitoring. */
export interface QueueDepth {
  /** Conversations with something to do and no living owner. */
  readonly waiting: number;
  /** Conversations with a living owner. */
  readonly running: number;
  /**
   * Longest time that one of those that wait has had a question without an answer, in milliseconds;
   * absent if none waits. That question may have been withdrawn since.
   */
  readonly oldestWaitMs?: number;
}

/** How the bot takes part in a conversation. */
export interface Participation {
  /** The conversation began with a question to the bot (`Message.opens`). */
  readonly opened: boolean;
  /** Ids of the people who have asked the bot something there. */
  readonly people: readonly string[];
}

/** One of a person's conversations, as a list shows it. */
export interface ConversationSummary {
  readonly conversation: ConversationId;
  /** When they last asked something there, in milliseconds since the epoch. */
  readonly lastAskedAt: number;
  /** Their title of it. */
  readonly name?: string;
  /** The first 100 characters of the oldest message that is kept. */
  readonly firstText: string;
}

/** What a page needs to show a conversation. */
export interface StoredConversation {
  readonly history: readonly HistoryEntry[];
  readonly running?: Turn;
  /** Waiting questions, sorted by the platform's time. */
  readonly queued: readonly Message[];
}

export interface Renewal {
  /** Claims that another owner has now, or whose turns are over. */
  readonly lost: readonly Claim[];
  /** Claims on turns that are to be stopped, whichever instance was told so. */
  readonly stopping: readonly Claim[];
}

/** Counts of a person's messages. */
export interface ForgetResult {
  readonly deleted: number;
  /** Being answered at this moment, and therefore kept. */
  readonly remaining: number;
}

/** Receives what other instances publish. */
export interface StoreWatcher {
  /** This conversation may have something to do. */
  ready(conversation: ConversationId): void;
  /** This turn is to be stopped. */
  stop(conversation: ConversationId, turn: string): void;
  /** An instance, perhaps this one, has this many turns in progress. */
  load(owner: string, turns: number): void;
}

/**
 * Pub/sub between instances, so that they need not poll for what the others do. The trap: a message
 * may be lost; `Store.unclaimed` and `Store.renew` tell the same later.
 */
export interface InstanceChannel {
  watch(watcher: StoreWatcher): void;
  /** Publishes how many turns an instance has in progress. */
  publishLoad(owner: string, turns: number): Promise<void>;
}

/**
 * Stores conversations. Use it for everything that must survive this process. Every method is one
 * atomic step, and durable when it resolves.
 *
 * The trap: a step may be applied though its caller saw an error, as only the response was lost, so
 * every step can be repeated. `StoreUnavailable` (full, away, damaged) means that it was not
 * applied, or that repeating it gives the same. Methods with a claim throw `ClaimLost` when another
 * owner has the conversation by now, or the turn is finished: stop working on it.
 */
export interface Store {
  /** Whether other processes may take turns from it, too. */
  readonly shared: boolean;
  /** Absent in a store that is not shared. */
  readonly channel?: InstanceChannel;
  /**
   * Takes a message in, unless its id was seen in its conversation before. A message that `stops`
   * marks a running turn as to be stopped instead of being queued; once that turn's ending is
   * stored there is nothing left to stop, and nothing to answer. Context goes straight into
   * history, whatever `stops` says.
   */
  accept(message: Message, options: AcceptOptions): Promise<AcceptResult>;
  /**
   * `accept`, and, if the message is `queued`, `claim` in the same step. Where only the claim
   * fails, the message may be taken in without it; `unclaimed` lists it then.
   */
  acceptAndClaim(
    message: Message,
    options: AcceptOptions,
    lease: Lease,
  ): Promise<AcceptAndClaimResult>;
  /** Count of a person's questions without an answer, in all conversations. */
  openQuestions(platform: string, authorId: string): Promise<number>;
  /** Changes the text of a waiting question; false if it does not wait. */
  revise(
    conversation: ConversationId,
    messageId: string,
    text: string,
    tokens: number,
  ): Promise<boolean>;
  /**
   * Drops a waiting question; false if it does not wait. A later delivery of the same id is a
   * duplicate either way, so a deletion may overtake the message that it deletes.
   */
  withdraw(conversation: ConversationId, messageId: string): Promise<boolean>;
  /** Marks the running turn as to be stopped; false if none runs, or its ending is stored. */
  requestStop(conversation: ConversationId): Promise<boolean>;

  /**
   * Makes `owner` the owner of a conversation that is free, or whose lease ended, and that has
   * something to do: the interrupted turn, or else a new one with all waiting questions. Counts the
   * attempt. Undefined if there is nothing to do or another owner is at work.
   */
  claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined>;
  /** Renews leases. */
  renew(claims: readonly Claim[], lease: Lease): Promise<Renewal>;
  /**
   * Records a page: before its post without an id, after it with one, and as its text grows.
   * Growth is progress only: a power failure may undo the last few seconds of it.
   */
  savePage(claim: Claim, page: PageRecord): Promise<void>;
  /** Forgets a page that was removed. */
  dropPage(claim: Claim, index: number): Promise<void>;
  /** Stores how the turn ended. The first ending stays; a later one is ignored. */
  storeEnding(claim: Claim, ending: Ending): Promise<void>;
  /**
   * Moves the turn into history and, in the same step, either begins the next turn with the
   * questions that came meanwhile (the owner keeps the conversation) or releases the conversation.
   * Throws an `Error` if the turn has no ending yet. `replyTokens` are the tokens of the reply.
   * Repeated by the same owner it resolves to the same as before.
   */
  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined>;
  /**
   * Releases an unfinished turn for another attempt. Without `countAttempt`, as when a process
   * ends, this one is not counted, and other instances are told at once.
   */
  release(claim: Claim, options: { countAttempt: boolean }): Promise<void>;
  /** Conversations to claim: after a start, a crash or a release; longest waiting first. */
  unclaimed(): Promise<UnclaimedConversation[]>;
  /** Counts what there is to do. A question that comes during an answer counts after it. */
  queueDepth(): Promise<QueueDepth>;
  /** Conversations with something to do, owned or not; longest waiting first, at most 10,000. */
  openConversations(): Promise<OpenConversation[]>;
  /**
   * Notes since when an operator wants no turn to begin (milliseconds since the epoch); undefined
   * ends the pause. The store only keeps it: `claim` works during a pause, its callers ask first.
   */
  setPausedSince(since: number | undefined): Promise<void>;
  pausedSince(): Promise<number | undefined>;

  /** @param most entries of history, the newest; `historyLimit` by default */
  conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation>;
  /**
   * Adds messages from before the bot came to a conversation's history, except those that are
   * known. A later delivery of the same ids is a duplicate.
   */
  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void>;
  /** Undefined where the bot was never asked anything, or longer ago than the retention time. */
  participation(conversation: ConversationId): Promise<Participation | undefined>;
  /**
   * Up to `most` conversations in which a person asked something and of which anything is kept,
   * latest first.
   */
  conversationsOf(platform: string, authorId: string, most: number): Promise<ConversationSummary[]>;
  /**
   * Sets a person's title of a conversation, kept as long as they take part in it; an empty one
   * deletes it. False where they asked nothing.
   */
  rename(conversation: ConversationId, authorId: string, title: string): Promise<boolean>;
  /**
   * Conversations of a platform in which somebody asked something since a time (milliseconds since
   * the epoch), latest first, at most 1,000.
   */
  recentlyActive(platform: string, since: number): Promise<ConversationId[]>;
  /** How far each of a platform's channels was read, by channel, in the platform's own notation. */
  readPositions(platform: string): Promise<ReadonlyMap<string, string>>;
  /** Keeps read positions for the retention time. An empty position forgets a channel. */
  saveReadPositions(platform: string, positions: ReadonlyMap<string, string>): Promise<void>;

  /**
   * Makes `owner` the only holder of a role, such as receiving a platform's events, or renews that;
   * false while another one holds it.
   */
  acquireLeadership(role: string, lease: Lease): Promise<boolean>;
  /** Gives a role up at once; no effect if another one holds it. */
  releaseLeadership(role: string, owner: string): Promise<void>;

  /**
   * Deletes everything of a conversation; a running turn loses its claim. Returns how many messages
   * and replies were deleted.
   */
  forgetConversation(conversation: ConversationId): Promise<number>;
  /**
   * Deletes a person's messages of a platform, in all conversations: waiting questions, history,
   * titles, and the note that they took part. Replies to them stay, as the bot wrote them; their
   * usage stays in the sums under no name. A question that is being answered stays until that is
   * over: call again.
   */
  forgetPerson(platform: string, authorId: string): Promise<ForgetResult>;

  /** Deletes what is older than the retention time; returns how many entries were deleted. */
  sweep(): Promise<number>;
  /** Throws `StoreUnavailable` if a question of any length would be refused now. */
  checkWritable(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Values that the service made for itself, one of each for all instances: keys, a password, the time
 * since when something holds, the logins that ended. Both methods throw `StoreUnavailable`.
 */
export interface Secrets {
  /**
   * Keeps a value under a name that has none, in one atomic step; resolves to the value that is kept
   * then, the first one. Safe to repeat.
   *
   * @param lifeMs how long it is kept, in milliseconds; for ever without it
   */
  keep(name: string, value: string, lifeMs?: number): Promise<string>;
  find(name: string): Promise<string | undefined>;
}
