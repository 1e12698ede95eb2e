import { hash } from 'node:crypto';
import type { ConversationId } from './conversation.ts';

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
