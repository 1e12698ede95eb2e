import type { ConversationId } from '../domain/conversation.ts';
import type { HistoryEntry, Outcome, Turn } from '../domain/turn.ts';
import type { Message } from '../domain/message.ts';
import type { Surface } from './surface.ts';

/**
 * What became of a message:
 * - `queued`: stored, and will be answered.
 * - `stopping`: it ended the running answer.
 * - `kept`: stored as context.
 * - `duplicate`: seen before; nothing to do.
 */
export type Receipt = 'queued' | 'stopping' | 'kept' | 'duplicate';

/**
 * Where platforms hand in what people do. Each promise resolves once the fact is stored; only
 * then may the platform acknowledge the event. Throws `MessageRefused` for what is not to be
 * taken in and `StoreUnavailable` for what could not be stored now: neither may be acknowledged
 * as taken.
 */
export interface Intake {
  /**
   * @param tell how its author is told what they should know before they go on; in private where
   *   the platform can do that
   */
  receive(message: Message, tell?: (sentence: string) => void): Promise<Receipt>;
  /** A person changed a message; true if it was still waiting and now reads so. */
  revise(conversation: ConversationId, messageId: string, text: string): Promise<boolean>;
  /** A person deleted a message; true if it was still waiting and now gets no answer. */
  withdraw(conversation: ConversationId, messageId: string): Promise<boolean>;
  /** Ends the running answer, as a button does; false if none runs. */
  stop(conversation: ConversationId): Promise<boolean>;
  /**
   * Deletes all that is kept of a conversation, and ends what is being answered there; how many
   * messages and replies went.
   */
  forget(conversation: ConversationId): Promise<number>;
}

/** Something that was said before, by people or by the bot, not counted yet. */
export type EarlierEntry = Omit<HistoryEntry, 'tokens'>;

/** How a platform is listened to. */
interface PlatformState {
  /** What people say there is heard, here or by another instance. */
  readonly up: boolean;
  /** Where only one instance may listen: whether that is this one. */
  readonly listens?: boolean;
}

/** A place where people talk. */
export interface Platform {
  /** The first part of its conversations' ids. */
  readonly name: string;
  /** Begins to receive. Throws if it cannot, with what to do about it. */
  start(intake: Intake): Promise<void>;
  /** Receives nothing more; replies go on. */
  stopReceiving(): Promise<void>;
  /** Lets go of every connection. */
  close(): Promise<void>;
  /** Where the reply of a turn is written: an interrupted one goes on in the pages that it has. */
  surface(turn: Turn): Surface;
  /**
   * What was said in this conversation before these messages, oldest first. Asked when a turn
   * begins in a conversation without a past here.
   */
  earlierHistory?(
    conversation: ConversationId,
    messages: readonly Message[],
    signal: AbortSignal,
  ): Promise<readonly EarlierEntry[]>;
  /**
   * Who the bot is there, and where, in a part of a line for whoever runs it: `@parley in Acme`. As far
   * as it is known by now; absent where there is nothing to tell.
   */
  describe?(): string;
  /** At this moment; absent where it is always heard. Cheap; never throws. */
  state?(): PlatformState;
  /** The turn is over: everything is shown and stored. Never throws. */
  onTurnEnded?(conversation: ConversationId, turn: string, outcome: Outcome): void;
  /**
   * The turn was left before its end: another owner, or a later try, goes on with it on a surface
   * of its own. Never throws.
   */
  onTurnAbandoned?(conversation: ConversationId, turn: string): void;
}
