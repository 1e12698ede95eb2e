import type { ConversationId } from '../../core/domain/conversation.ts';

/** What a platform writes a reply with. */
interface ReplyHandle {
  /** Whether it is a message of this reply. */
  owns(message: string): boolean;
  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void;
}

export interface RunningReply<P extends ReplyHandle> {
  readonly turn: string;
  /** The ids of the messages that it answers. */
  readonly questions: ReadonlySet<string>;
  readonly handle: P;
}

/** The replies that a platform writes at the moment. */
export class RunningReplies<P extends ReplyHandle> {
  /** By conversation, which has one turn at a time. */
  readonly #replies = new Map<ConversationId, RunningReply<P>>();

  add(conversation: ConversationId, reply: RunningReply<P>): void {
    this.#replies.set(conversation, reply);
  }

  /**
   * A message was deleted: the reply that it is a question or a part of is written no further.
   * That reply's conversation, if there is one.
   *
   * @param message an id that is unique on the platform
   */
  onMessageDeleted(message: string): ConversationId | undefined {
    for (const [conversation, { questions, handle }] of this.#replies) {
      if (!questions.has(message) && !handle.owns(message)) continue;
      handle.stopWriting();
      return conversation;
    }
    return undefined;
  }

  /** The turn is over, or left; what it was written with, if it was written here. */
  remove(conversation: ConversationId, turn: string): P | undefined {
    const reply = this.#replies.get(conversation);
    if (reply?.turn !== turn) return undefined;
    this.#replies.delete(conversation);
    return reply.handle;
  }
}
