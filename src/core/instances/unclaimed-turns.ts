import { type ConversationId, parseConversationId } from '../domain/conversation.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { backoffMs } from '../timing.ts';

/**
 * Poll interval, in milliseconds: the longest time until a turn without an owner is found. Shorter
 * where another process may have died over it.
 */
const pollEveryMs = 10_000;
const pollEveryMsIfShared = 2_000;
/**
 * Turns without an attempt that are claimed per concurrency slot: one running, one ready. Other
 * instances take the rest.
 */
const maxPerSlot = 2;
/** Time for which a turn that was cut off twice runs alone, in milliseconds. */
const isolatedMs = 30_000;

export interface UnclaimedTurnPollerOptions {
  readonly store: Pick<Store, 'unclaimed' | 'shared'>;
  /** The platforms of this instance, by name. */
  readonly platforms: ReadonlyMap<string, unknown>;
  /** Attempts after which a turn is suspected of killing the process. */
  readonly suspectAttempts: number;
  /** Whether no turn may begin in it now: one is in progress, or waits for its next try. */
  readonly isBusy: (conversation: ConversationId) => boolean;
  /** Answers that may be written at the same time here. */
  readonly slots: number;
  /** Processes a conversation; resolves when that is over. */
  readonly process: (conversation: ConversationId) => Promise<void>;
  readonly log: Log;
}

/** Finds turns without an owner: after a start, a crash, a release, or a lost publication. */
export class UnclaimedTurnPoller {
  readonly #options: UnclaimedTurnPollerOptions;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  /** To poll again after the present poll. */
  #again = false;
  /** Number of claimed turns without an attempt, and whether some were left to others. */
  #claimed = 0;
  #left = false;
  #isolating = false;
  #stopped = false;

  constructor(options: UnclaimedTurnPollerOptions) {
    this.#options = options;
  }

  /** Polls now and from time to time. */
  start(): void {
    this.poll();
    const { shared } = this.#options.store;
    const everyMs = shared ? pollEveryMsIfShared : pollEveryMs;
    this.#timer = setInterval(() => this.poll(), everyMs);
  }

  /** Resolves when no more turns begin. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#polling;
  }

  /** Polls now. */
  poll(): void {
    if (this.#stopped) return;
    this.#again = this.#polling !== undefined;
    this.#polling ??= this.#claimAll()
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'turns without an owner not looked for');
      })
      .finally(() => {
        this.#polling = undefined;
        if (this.#again) this.poll();
      });
  }

  async #claimAll(): Promise<void> {
    const { store, platforms, suspectAttempts, isBusy, process, slots } = this.#options;
    const most = store.shared ? maxPerSlot * slots : Number.POSITIVE_INFINITY;
    const waiting = await store.unclaimed();
    if (this.#stopped) return;
    this.#left = false;
    const suspects: ConversationId[] = [];
    for (const { conversation, attempts } of waiting) {
      if (isBusy(conversation) || !platforms.has(parseConversationId(conversation).platform))
        continue;
      if (attempts >= suspectAttempts) {
        suspects.push(conversation);
      } else if (attempts > 0) {
        // People have read a part of it: it is claimed at once.
        void process(conversation);
      } else if (this.#claimed < most) {
        this.#claim(conversation);
      } else {
        this.#left = true;
      }
    }
    if (suspects.length === 0 || this.#isolating) return;
    this.#isolating = true;
    void this.#runIsolated(suspects).finally(() => (this.#isolating = false));
  }

  #claim(conversation: ConversationId): void {
    this.#claimed += 1;
    void this.#options.process(conversation).finally(() => {
      this.#claimed -= 1;
      if (this.#left) this.poll();
    });
  }

  /**
   * Turns that were cut off twice are suspects: one of them may kill the process. Each one runs
   * alone for a while, so that no other turn loses an attempt with it.
   */
  async #runIsolated(suspects: readonly ConversationId[]): Promise<void> {
    const { isBusy, process } = this.#options;
    for (const conversation of suspects) {
      if (this.#stopped) return;
      if (isBusy(conversation)) continue;
      const alone = Promise.withResolvers<void>();
      const timer = setTimeout(alone.resolve, isolatedMs);
      await Promise.race([process(conversation), alone.promise]);
      clearTimeout(timer);
    }
  }
}

const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** Conversations whose turn failed, each to be tried again after a delay that grows. */
export class ConversationRetries {
  readonly #failed = new Map<ConversationId, { tries: number; timer?: NodeJS.Timeout }>();

  /** Whether it waits for its next try; until then no other event may begin one. */
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
