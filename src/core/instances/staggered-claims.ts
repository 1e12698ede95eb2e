import type { ConversationId } from '../domain/conversation.ts';

/** How much later, on average, one more turn at hand makes an instance reach for the next; at most. */
const reachMsPerJob = 20;
const slowestReachMs = 500;

/**
 * Reaches for what every instance hears of, and the first one takes: the less one has to do, or to
 * reach for, the sooner; by chance, as all of them hear of many questions in the same order.
 */
export class Reach {
  readonly #timers = new Map<ConversationId, NodeJS.Timeout>();

  /** How much is about to be reached for. */
  get count(): number {
    return this.#timers.size;
  }

  /**
   * For the next turn of a conversation. Whoever takes a question in hears of it once more, as the
   * others do, and has no second chance by that.
   *
   * @param ahead how much else there is to do here
   */
  for(conversation: ConversationId, ahead: number, take: () => void): void {
    if (this.#timers.has(conversation)) return;
    if (ahead === 0) {
      take();
      return;
    }
    const waitMs = Math.random() * Math.min(2 * ahead * reachMsPerJob, slowestReachMs);
    const timer = setTimeout(() => {
      this.#timers.delete(conversation);
      take();
    }, waitMs);
    this.#timers.set(conversation, timer);
  }

  /** Leaves it to the others. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
