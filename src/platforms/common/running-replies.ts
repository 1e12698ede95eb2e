// Tested by test/unit/platforms/slack/reply/reply-registry.test.ts
import type { ConversationId } from '../../core/domain/conversation.ts';
import type { BackgroundCalls } from './platform-calls.ts';

/** A reply that a platform writes at the moment, as `RunningReplies` needs it. */
export interface ReplyHandle {
  /**
   * Whether it is a message of this reply.
   *
   * @param message an id that is unique on the platform
   */
  owns(message: string): boolean;
  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void;
  /** Posts why the reply ends early; undefined where it does not. */
  closingNotice(): ((signal: AbortSignal) => Promise<void>) | undefined;
}

export interface RunningReply<H extends ReplyHandle> {
  readonly turn: string;
  /** Ids of the messages that it answers, unique on the platform. */
  readonly questions: ReadonlySet<string>;
  readonly handle: H;
}

/** What is posted behind a reply whose message takes no edits any more, such as after an hour. */
export function editsOverText(platform: 'Slack' | 'Discord'): string {
  return `${platform} does not let me change my message any more, so this answer ends here. Ask again for the rest.`;
}

/** The replies that a platform writes at the moment, by conversation, which has one turn at a time. */
export class RunningReplies<H extends ReplyHandle> {
  readonly #backgroundCalls: BackgroundCalls;
  readonly #replies = new Map<ConversationId, RunningReply<H>>();

  constructor(backgroundCalls: BackgroundCalls) {
    this.#backgroundCalls = backgroundCalls;
  }

  add(conversation: ConversationId, reply: RunningReply<H>): void {
    this.#replies.set(conversation, reply);
  }

  /**
   * A message was deleted: the reply of which it is a question or a part is written no further.
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

  /** The turn is over: no reply ends early without a word. Its handle, if it was written here. */
  onTurnEnded(conversation: ConversationId, turn: string): H | undefined {
    const handle = this.onTurnAbandoned(conversation, turn);
    const notice = handle?.closingNotice();
    if (notice !== undefined) this.#backgroundCalls.run('say why the answer ends', notice);
    return handle;
  }

  /** Another owner goes on with the turn, on a surface of its own. */
  onTurnAbandoned(conversation: ConversationId, turn: string): H | undefined {
    const reply = this.#replies.get(conversation);
    if (reply?.turn !== turn) return undefined;
    this.#replies.delete(conversation);
    return reply.handle;
  }
}
