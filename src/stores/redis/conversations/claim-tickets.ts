import { randomUUID } from 'node:crypto';
import type { ConversationId } from '../../../core/domain/conversation.ts';

/** Claims without an answer that are remembered. */
const mostUnanswered = 10_000;

/** Names claims: whoever asks again with the same ticket, as the answer was lost, gets the same. */
export class Tickets {
  readonly #unanswered = new Map<ConversationId, { ticket: string; owner: string }>();

  /** Has a conversation claimed under a ticket of its own, or that of the claim before, if it failed. */
  async use<T>(
    conversation: ConversationId,
    owner: string,
    claim: (ticket: string) => Promise<T>,
  ): Promise<T> {
    const before = this.#unanswered.get(conversation);
    const ticket = before?.owner === owner ? before.ticket : randomUUID();
    try {
      const answer = await claim(ticket);
      this.#unanswered.delete(conversation);
      return answer;
    } catch (error) {
      this.#unanswered.set(conversation, { ticket, owner });
      const [first] = this.#unanswered.keys();
      if (this.#unanswered.size > mostUnanswered && first !== undefined) {
        this.#unanswered.delete(first);
      }
      throw error;
    }
  }
}
