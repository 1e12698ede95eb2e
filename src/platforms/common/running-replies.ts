import type { ConversationId } from '../../core/domain/conversation.ts';

/** What a platform writes a reply with. */
interface Pen {
  /** Whether it is a message of this reply. */
  owns(message: string): boolean;
  /** A person deleted a question or a part of the reply: nothing more is written. */
  withdraw(): void;
}

export interface RunningReply<P extends Pen> {
  readonly turn: string;
  /** The ids of the messages that it answers. */
  readonly questions: ReadonlySet<string>;
  readonly pen: P;
}

/** The replies that a platform writes at the moment. */
export class Running<P extends Pen> {
  /** By conversation, which has one turn at a time. */
  readonly #replies = new Map<ConversationId, RunningReply<P>>();

  begin(conversation: ConversationId, reply: RunningReply<P>): void {
    this.#replies.set(conversation, reply);
  }

  /**
   * A message was deleted: the reply that it is a question or a part of is written no further.
   * That reply's conversation, if there is one.
   *
   * @param message an id that is unique on the platform
   */
  withdraw(message: string): ConversationId | undefined {
    for (const [conversation, { questions, pen }] of this.#replies) {
      if (!questions.has(message) && !pen.owns(message)) continue;
      pen.withdraw();
      return conversation;
    }
    return undefined;
  }

  /** The turn is over, or left; what it was written with, if it was written here. */
  end(conversation: ConversationId, turn: string): P | undefined {
    const reply = this.#replies.get(conversation);
    if (reply?.turn !== turn) return undefined;
    this.#replies.delete(conversation);
    return reply.pen;
  }
}
