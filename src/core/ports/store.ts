import type { ConversationId } from '../domain/conversation.ts';
import type { Claim, Ending, HistoryEntry, PageRecord, Turn } from '../domain/turn.ts';
import type { Message } from '../domain/message.ts';
import type { Receipt } from './platform.ts';

/** Who works on a conversation, and for how long without a sign of life, in milliseconds. */
export interface Lease {
  readonly owner: string;
  readonly leaseMs: number;
}

/** What became of a message that was to be taken in. */
export type AcceptResult = Receipt | 'too-many';

/** A turn to do, with what was said before it. */
export interface ClaimedTurn {
  readonly claim: Claim;
  readonly turn: Turn;
  /** The newest entries, oldest first, at most the store's `historyLimit`. */
  readonly history: readonly HistoryEntry[];
}

/** What became of a message, with the turn of its conversation if that was free. */
export interface AcceptAndClaimResult {
  readonly receipt: AcceptResult;
  readonly work?: ClaimedTurn;
}

/** A conversation with something to do and no living owner. */
export interface UnclaimedConversation {
  readonly conversation: ConversationId;
  /** Attempts already made at its turn; 0 if none began. */
  readonly attempts: number;
}

/** A conversation in which something is being answered, or is to be. */
export interface OpenConversation {
  readonly conversation: ConversationId;
  /** Somebody who is believed to live works on it. */
  readonly owned: boolean;
  /** When the oldest of its questions came, in milliseconds since the epoch. */
  readonly since: number;
}

/** How much there is to do, for whoever watches the service. */
export interface QueueDepth {
  /** Conversations with something to do and no living owner. */
  readonly waiting: number;
  /** Conversations with a living owner. */
  readonly running: number;
  /**
   * How long the longest of those that wait have had a question without an answer, in
   * milliseconds; absent if none waits. What came first may have been withdrawn since.
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

/** One of a person's conversations, as a list of them shows it. */
export interface ConversationSummary {
  readonly conversation: ConversationId;
  /** When they last asked something there, in milliseconds since the epoch. */
  readonly lastAskedAt: number;
  /** What they called it. */
  readonly name?: string;
  /** The first 100 characters of the oldest message that is kept. */
  readonly firstText: string;
}

/** All that a page needs to show a conversation. */
export interface StoredConversation {
  readonly history: readonly HistoryEntry[];
  readonly running?: Turn;
  /** Questions that wait for their turn, sorted by the platform's time. */
  readonly queued: readonly Message[];
}

/** What became of claims that were to be renewed. */
export interface Renewal {
  /** Another owner has them, or their turns are over. */
  readonly lost: readonly Claim[];
  /** Somebody wants these turns to end; perhaps told to another instance. */
  readonly stopping: readonly Claim[];
}

/** What became of a person's messages. */
export interface ForgetResult {
  /** How many were deleted. */
  readonly deleted: number;
  /** How many are being answered at this moment. */
  readonly remaining: number;
}

/** Who wants to hear at once what other instances put into a shared store. */
export interface StoreWatcher {
  /** There may be something to do in this conversation. */
  ready(conversation: ConversationId): void;
  /** Somebody wants this turn to end. */
  stop(conversation: ConversationId, turn: string): void;
  /** An instance, perhaps this one, has so many turns at hand. */
  load(owner: string, turns: number): void;
}

export interface AcceptOptions {
  readonly stops: boolean;
  readonly tokens: number;
  /** For questions; no limit without it. */
  readonly mostOpen?: number;
}

/**
 * Where conversations live. Every method is one atomic step, durable when it resolves.
 *
 * Throws `StoreUnavailable` when a step could not be taken (full, away, damaged): then nothing
 * of it happened. Methods that take a claim throw `ClaimLost` when another owner has the
 * conversation by now, or the turn is finished.
 */
export interface Store {
  /** Other processes may take turns from it, too. */
  readonly shared: boolean;
  /**
   * Takes a message in, unless its id was seen in its conversation before. With `stops`, and a
   * turn that is not finished, it marks that turn as to be stopped instead of queueing; if its end
   * is stored, there is nothing left to stop, and nothing to answer.
   * Context goes straight into history, whatever `stops` says. `tokens` is what the message's
   * text costs the model. A question that would be its author's `mostOpen` + 1st without an
   * answer, in whatever conversations, is not taken in: `too-many`, and nothing happened.
   */
  accept(message: Message, options: AcceptOptions): Promise<AcceptResult>;
  /**
   * `accept`, and if the message is `queued`, `claim` in the same step. Where only the claim
   * fails, the message may be taken in without it: then `waiting` finds it.
   */
  acceptAndClaim(
    message: Message,
    options: AcceptOptions,
    lease: Lease,
  ): Promise<AcceptAndClaimResult>;
  /** How many questions of a person have no answer yet, in whatever conversations. */
  openQuestions(platform: string, authorId: string): Promise<number>;
  /** Changes the text of a question that waits for its turn; false if it does not wait. */
  revise(
    conversation: ConversationId,
    messageId: string,
    text: string,
    tokens: number,
  ): Promise<boolean>;
  /**
   * Drops a question that waits; false if it does not wait. A later delivery of the same id is
   * a duplicate either way, so a deletion may overtake the message that it deletes.
   */
  withdraw(conversation: ConversationId, messageId: string): Promise<boolean>;
  /** Marks the running turn as to be stopped; false if none runs, or its end is stored. */
  requestStop(conversation: ConversationId): Promise<boolean>;

  /**
   * Makes `owner` the owner of a conversation that is free, or whose lease ran out, and that has
   * something to do: the interrupted turn, or else a new one of all the questions that wait.
   * Counts the attempt. Undefined if there is nothing to do or somebody else is at it.
   */
  claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined>;
  /** Prolongs leases. */
  renew(claims: readonly Claim[], lease: Lease): Promise<Renewal>;
  /**
   * Records a page: before its post without an id, after it with one, and as its text grows.
   * Growth is progress only: loss of power may take back the last few seconds of it.
   */
  savePage(claim: Claim, page: PageRecord): Promise<void>;
  /** Forgets a page that was removed. */
  dropPage(claim: Claim, index: number): Promise<void>;
  /** Stores how the turn ended. The first end stands; a later one is ignored. */
  storeEnding(claim: Claim, ending: Ending): Promise<void>;
  /**
   * Moves the turn into history and, in the same step, either begins the next turn with what
   * came meanwhile (the owner keeps the conversation) or releases the conversation. The turn
   * must be concluded; an `Error` otherwise. `replyTokens` is what the reply costs the model.
   * Repeated by the same owner, whose answer was lost, it resolves to the same as before.
   */
  finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined>;
  /** Lets go of an unfinished turn for another try; with `forgive` the attempt does not count. */
  release(claim: Claim, options: { forgive: boolean }): Promise<void>;
  /** Conversations to claim: after a start, a crash, or a release; longest waiting first. */
  unclaimed(): Promise<UnclaimedConversation[]>;
  /** Counts what there is to do; what came during an answer counts once that is over. */
  queueDepth(): Promise<QueueDepth>;
  /** Conversations with something to do, owned or not; longest waiting first, at most 10,000. */
  openConversations(): Promise<OpenConversation[]>;
  /**
   * An operator wants nothing new to be begun, since this time (milliseconds since the epoch), or,
   * with undefined, all to go on. It is only noted here: whoever claims asks for it.
   */
  setPausedSince(since: number | undefined): Promise<void>;
  pausedSince(): Promise<number | undefined>;

  /** Absent where nobody else puts anything in. Tells what it may: what is missed, `waiting` finds. */
  watch?(watcher: StoreWatcher): void;
  /** Tells whoever watches how many turns an instance has at hand. */
  publishLoad?(owner: string, turns: number): Promise<void>;

  /** @param most entries of history, the newest; `historyLimit` by default */
  conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation>;
  /**
   * Puts what was said before the bot came into a conversation's history, but for what is known
   * there already; a later delivery of the same ids is a duplicate.
   */
  addEarlierHistory(conversation: ConversationId, entries: readonly HistoryEntry[]): Promise<void>;
  /** Undefined where the bot was never asked anything, or longer ago than the retention time. */
  participation(conversation: ConversationId): Promise<Participation | undefined>;
  /**
   * Conversations in which a person asked something and of which anything is kept, latest first,
   * at most so many.
   */
  conversationsOf(platform: string, authorId: string, most: number): Promise<ConversationSummary[]>;
  /**
   * Keeps what a person calls a conversation, for as long as they take part in it; nothing with an
   * empty name. False where they asked nothing.
   */
  rename(conversation: ConversationId, authorId: string, name: string): Promise<boolean>;
  /**
   * Conversations of a platform in which somebody asked something since then (milliseconds since
   * the epoch), latest first, at most 1,000.
   */
  recentlyActive(platform: string, since: number): Promise<ConversationId[]>;
  /** How far each of a platform's places was read, by place, as it was marked. */
  readPositions(platform: string): Promise<ReadonlyMap<string, string>>;
  /** Marks how far places were read; kept for the retention time. An empty mark forgets a place. */
  saveReadPositions(platform: string, marks: ReadonlyMap<string, string>): Promise<void>;

  /**
   * Makes `owner` the only one to have a role, such as listening to a platform, or prolongs that;
   * false while somebody else has it.
   */
  acquireLeadership(role: string, lease: Lease): Promise<boolean>;
  /** Gives a role up at once; no effect if somebody else has it. */
  releaseLeadership(role: string, owner: string): Promise<void>;

  /**
   * Deletes all that is known of a conversation; a running turn loses its claim. Returns how many
   * messages and replies went.
   */
  forgetConversation(conversation: ConversationId): Promise<number>;
  /**
   * Deletes what a person of a platform wrote, everywhere: waiting questions, history, names of
   * conversations, and the note that they took part. Replies to them stay, as they were said by the
   * bot, and so does what was used, as nobody's; what is being answered at this moment stays until
   * that is over (call again).
   */
  forgetPerson(platform: string, authorId: string): Promise<ForgetResult>;

  /** Deletes what is older than the retention time; returns how many entries went. */
  sweep(): Promise<number>;
  /** Resolves if a question of any length would be kept now; else throws `StoreUnavailable`. */
  checkWritable(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What the service made for itself and keeps, one of each for all instances: keys, a password, the
 * time since when something holds, which logins have ended. Both methods throw `StoreUnavailable`.
 */
export interface Secrets {
  /**
   * Keeps a value under a name that has none, in one atomic step; resolves to what stands there then,
   * the first one. Safe to repeat.
   *
   * @param lifeMs how long it is kept, in milliseconds; for ever without it
   */
  keep(name: string, made: string, lifeMs?: number): Promise<string>;
  find(name: string): Promise<string | undefined>;
}
