// Tested by test/contract/platform/slack.test.ts
import type { ConversationId } from '../domain/conversation.ts';
import type { HistoryEntry, Outcome, Turn } from '../domain/turn.ts';
import type { Message } from '../domain/message.ts';
import type { Surface } from './surface.ts';

/**
 * The result of a message:
 * - `queued`: stored, and will be answered.
 * - `stopping`: it ended the running answer.
 * - `kept`: stored as context.
 * - `duplicate`: seen before; nothing to do.
 */
export type Receipt = 'queued' | 'stopping' | 'kept' | 'duplicate';

/**
 * The core's side of a platform: takes what people do. Each promise resolves once the fact is
 * stored. The trap: only then may the platform acknowledge the event, or it is lost in a crash.
 * Throws `MessageRefused` for a message that is not accepted and `StoreUnavailable` for one that
 * cannot be stored now: neither may be acknowledged as accepted.
 */
export interface Intake {
  /**
   * @param tell shows its author a sentence before they go on, such as that a quota is nearly used
   *   up; in private where the platform can do that
   */
  receive(message: Message, tell?: (sentence: string) => void): Promise<Receipt>;
  /** A person changed a message; true if it was still waiting and now reads so. */
  revise(conversation: ConversationId, messageId: string, text: string): Promise<boolean>;
  /** A person deleted a message; true if it was still waiting and now gets no answer. */
  withdraw(conversation: ConversationId, messageId: string): Promise<boolean>;
  /** Ends the running answer, keeping its text so far; false if none runs. */
  stop(conversation: ConversationId): Promise<boolean>;
  /**
   * Deletes all that is kept of a conversation, after its running answer has ended; resolves to the
   * number of deleted messages and replies.
   */
  forget(conversation: ConversationId): Promise<number>;
}

/** A message of people or of the bot from before the bot was asked; its tokens are not counted yet. */
export type EarlierEntry = Omit<HistoryEntry, 'tokens'>;

/** Whether a platform's events arrive. */
interface PlatformState {
  /** Its events arrive, here or at another instance. */
  readonly up: boolean;
  /** Where only one instance receives events: whether that is this one. */
  readonly listens?: boolean;
}

/**
 * A chat platform. It turns events into messages for the `Intake`, and lends each reply a `Surface`.
 * To add one, see docs/ARCHITECTURE.md.
 */
export interface Platform {
  /** The first part of its conversations' ids. */
  readonly name: string;
  /** Begins to receive. Throws if it cannot, with what to do about it. */
  start(intake: Intake): Promise<void>;
  /** Receives no more events; replies go on. */
  stopReceiving(): Promise<void>;
  /** Closes every connection. */
  close(): Promise<void>;
  /** The surface for the reply of a turn: an interrupted reply goes on in its posted pages. */
  surface(turn: Turn): Surface;
  /**
   * The messages of this conversation before `messages`, oldest first. Asked for when a turn begins
   * in a conversation without stored history.
   */
  earlierHistory?(
    conversation: ConversationId,
    messages: readonly Message[],
    signal: AbortSignal,
  ): Promise<readonly EarlierEntry[]>;
  /**
   * The bot's name and places as a part of the start line, such as `@parley in Acme`, as far as they
   * are known by now. Absent where there is nothing to tell.
   */
  describe?(): string;
  /** At this moment; absent where events always arrive. Cheap; never throws. */
  state?(): PlatformState;
  /** The turn is over: everything is shown and stored. Never throws. */
  onTurnEnded?(conversation: ConversationId, turn: string, outcome: Outcome): void;
  /**
   * The turn was left before its end: another owner, or a later try, goes on with it on a surface
   * of its own. Never throws.
   */
  onTurnAbandoned?(conversation: ConversationId, turn: string): void;
}
