import type { ConversationId } from './conversation.ts';
import type { Message } from './message.ts';

/** How a turn ended; each turn ends in exactly one of these. */
export type Outcome = 'done' | 'stopped' | 'failed';

/** The end of a turn, stored before people see it. */
export interface Ending {
  readonly outcome: Outcome;
  /** All that the model wrote, without the note. */
  readonly text: string;
  /** A closing sentence for people, such as why the answer failed; never goes to the model. */
  readonly note?: string;
}

/** One page of a running reply, as the store keeps it so that a restart can go on in it. */
export interface PageRecord {
  /** From 0. */
  readonly index: number;
  /** Idempotency key of its post, at most 25 characters; stored before the post is made. */
  readonly key: string;
  /** The posted message's id on the platform; absent while it is unknown whether the post arrived. */
  readonly id?: string;
  /** The slice of the reply's source that this page showed when it was last recorded. */
  readonly source: string;
}

/** One or more messages in, one reply out. */
export interface Turn {
  readonly id: string;
  readonly conversation: ConversationId;
  /** At least one, sorted by the platform's time, then by id. */
  readonly messages: readonly Message[];
  /** From 1; counted before work starts, so that a turn that kills the process is known. */
  readonly attempt: number;
  /** When its first attempt began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Pages posted, or perhaps posted, by earlier attempts, by index. */
  readonly pages: readonly PageRecord[];
  /** Present once the end is stored: then it only has to be shown. */
  readonly ending?: Ending;
  /** Somebody asked to stop it. */
  readonly stopRequested: boolean;
}

/** The proof that one owner, and no other, works on a turn. */
export interface Claim {
  readonly conversation: ConversationId;
  readonly turn: string;
  /** Grows with each claim of the conversation; a write with an older one is refused. */
  readonly fence: number;
}
