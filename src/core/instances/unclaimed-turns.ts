import { type ConversationId, parseConversationId } from '../domain/conversation.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { backoffMs } from '../timing.ts';

/**
 * A conversation that nobody woke is found after this long, in milliseconds; sooner where another
 * process may have died over it.
 */
const lookEveryMs = 10_000;
const lookEveryMsIfShared = 2_000;
/**
 * So many turns for each place are taken of those that nobody has begun: one is written, and the
 * next is there. The others are left to instances that have taken fewer.
 */
const mostPerPlace = 2;
/** A turn that was cut off twice is worked on alone for this long, in milliseconds. */
const aloneForMs = 30_000;

export interface UnclaimedTurnPollerOptions {
  readonly store: Pick<Store, 'unclaimed' | 'shared'>;
  /** Names of the platforms that are worked for here. */
  readonly platforms: ReadonlyMap<string, unknown>;
  /** Turns with so many attempts behind them are suspected of killing the process. */
  readonly suspectAttempts: number;
  /** Whether nothing may be begun in it now: it is worked off, or waits for its next try. */
  readonly isBusy: (conversation: ConversationId) => boolean;
  /** Answers that may be written at once here. */
  readonly slots: number;
  /** Works a conversation off; resolves when that is over. */
  readonly process: (conversation: ConversationId) => Promise<void>;
  readonly log: Log;
}

/** Finds what nobody is at: after a start, a crash, a release, or a wake that was lost. */
export class UnclaimedTurnPoller {
  readonly #options: UnclaimedTurnPollerOptions;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  /** To look again when the look is over that goes on. */
  #again = false;
  /** How many were taken that nobody had begun, and whether some were left. */
  #taken = 0;
  #short = false;
  #trying = false;
  #stopped = false;

  constructor(options: UnclaimedTurnPollerOptions) {
    this.#options = options;
  }

  /** Looks now and from time to time. */
  start(): void {
    this.poll();
    const { shared } = this.#options.store;
    const everyMs = shared ? lookEveryMsIfShared : lookEveryMs;
    this.#timer = setInterval(() => this.poll(), everyMs);
  }

  /** Resolves when nothing more is begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#polling;
  }

  /** Looks now. */
  poll(): void {
    if (this.#stopped) return;
    this.#again = this.#polling !== undefined;
    this.#polling ??= this.#claimAll()
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'store not looked through');
      })
      .finally(() => {
        this.#polling = undefined;
        if (this.#again) this.poll();
      });
  }

  async #claimAll(): Promise<void> {
    const { store, platforms, suspectAttempts, isBusy, process, slots } = this.#options;
    const most = store.shared ? mostPerPlace * slots : Number.POSITIVE_INFINITY;
    const waiting = await store.unclaimed();
    if (this.#stopped) return;
    this.#short = false;
    const suspects: ConversationId[] = [];
    for (const { conversation, attempts } of waiting) {
      if (isBusy(conversation) || !platforms.has(parseConversationId(conversation).platform))
        continue;
      if (attempts >= suspectAttempts) {
        suspects.push(conversation);
      } else if (attempts > 0) {
        // People read the half of it: that waits behind nobody.
        void process(conversation);
      } else if (this.#taken < most) {
        this.#claim(conversation);
      } else {
        this.#short = true;
      }
    }
    if (suspects.length === 0 || this.#trying) return;
    this.#trying = true;
    void this.#runIsolated(suspects).finally(() => (this.#trying = false));
  }

  #claim(conversation: ConversationId): void {
    this.#taken += 1;
    void this.#options.process(conversation).finally(() => {
      this.#taken -= 1;
      if (this.#short) this.poll();
    });
  }

  /**
   * Turns that were cut off twice are suspects, one of which may be what kills the process: each
   * is alone for a while, so that an innocent one is not counted out with it.
   */
  async #runIsolated(suspects: readonly ConversationId[]): Promise<void> {
    const { isBusy, process } = this.#options;
    for (const conversation of suspects) {
      if (this.#stopped) return;
      if (isBusy(conversation)) continue;
      const alone = Promise.withResolvers<void>();
      const timer = setTimeout(alone.resolve, aloneForMs);
      await Promise.race([process(conversation), alone.promise]);
      clearTimeout(timer);
    }
  }
}

const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** Conversations whose work failed, each to be tried again after a while that grows. */
export class ConversationRetries {
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
