import type { ConversationId } from '../domain/conversation.ts';
import { backoffMs } from '../timing.ts';

const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** Conversations whose work failed, each to be tried again after a while that grows. */
export class Retries {
  readonly #failed = new Map<ConversationId, { tries: number; timer?: NodeJS.Timeout }>();

  /** Whether it waits for its next try; until then nothing else may begin one. */
  isWaiting(conversation: ConversationId): boolean {
    return this.#failed.get(conversation)?.timer !== undefined;
  }

  failed(conversation: ConversationId, retry: () => void): void {
    const entry = this.#failed.get(conversation) ?? { tries: 0 };
    entry.tries += 1;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(
      () => {
        delete entry.timer;
        retry();
      },
      backoffMs(entry.tries, firstRetryMs, slowestRetryMs),
    );
    this.#failed.set(conversation, entry);
  }

  succeeded(conversation: ConversationId): void {
    clearTimeout(this.#failed.get(conversation)?.timer);
    this.#failed.delete(conversation);
  }

  stop(): void {
    for (const { timer } of this.#failed.values()) clearTimeout(timer);
    this.#failed.clear();
  }
}
