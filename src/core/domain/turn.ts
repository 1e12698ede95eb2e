// Tested by test/integration/turns.test.ts
import type { ConversationId } from './conversation.ts';
import type { Message } from './message.ts';
import { hash } from 'node:crypto';

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

/**
 * A turn's id, from what it answers: the first question by the platform's time, then by id. So a
 * turn that a store has lost and begins once more has the same id, and its posts the same keys.
 */
export function turnIdOf(conversation: ConversationId, firstQuestion: string): string {
  return hash('sha1', `${conversation}\n${firstQuestion}`);
}

/** The idempotency key of a page's post, at most 25 characters. */
export function pageKeyOf(turn: string, index: number): string {
  return `${turn.replaceAll('-', '').slice(0, 20)}.${index}`;
}

/** One line of a conversation's past. */
export interface HistoryEntry {
  /** A message's platform id, or the turn's id for a reply; unique in the conversation. */
  readonly id: string;
  readonly role: 'user' | 'assistant';
  /** The turn it belongs to; absent for context that belongs to none. */
  readonly turn?: string;
  readonly author?: { readonly id: string; readonly name?: string };
  readonly text: string;
  /**
   * The platform's time in milliseconds. A reply has the time of the last message that it
   * answers, so that it stands right behind it, whatever was said while it was written.
   */
  readonly at: number;
  /** Of a reply. */
  readonly outcome?: Outcome;
  /** A reply's closing sentence for people. */
  readonly note?: string;
  /** What it costs the model to read, counted once when it was stored. */
  readonly tokens: number;
}

/** What one turn may cost at most. */
export interface TurnLimits {
  /** Tries at a turn that keeps killing the process, before it ends failed. */
  readonly maxAttempts: number;
  /** From the model's start to its end, in milliseconds. */
  readonly maxTurnMs: number;
  /** In UTF-16 units of the model's text. */
  readonly maxReplyChars: number;
  /** A question that is older than this when its turn begins is left, in milliseconds. */
  readonly maxQuestionAgeMs: number;
  /** Of history that the model reads beside the questions. */
  readonly historyTokens: number;
}
