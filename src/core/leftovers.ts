import { type ConversationId, partsOf } from './conversation.ts';
import type { Log } from './ports/log.ts';
import type { Store } from './ports/store.ts';

/**
 * A conversation that nobody woke is found after this long, in milliseconds; sooner where another
 * process may have died over it.
 */
const lookEveryMs = 10_000;
const lookEveryMsIfShared = 2_000;
/** A turn that was cut off twice is worked on alone for this long, in milliseconds. */
const aloneForMs = 30_000;

export interface LeftoversOptions {
  readonly store: Pick<Store, 'waiting' | 'shared'>;
  /** Names of the platforms that are worked for here. */
  readonly platforms: ReadonlyMap<string, unknown>;
  /** Turns with so many attempts behind them are suspected of killing the process. */
  readonly suspectAttempts: number;
  /** Whether nothing may be begun in it now: it is worked off, or waits for its next try. */
  readonly isBusy: (conversation: ConversationId) => boolean;
  /** Works a conversation off; resolves when that is over. */
  readonly begin: (conversation: ConversationId) => Promise<void>;
  readonly log: Log;
}

/** Finds what nobody is at: after a start, a crash, a release, or a wake that was lost. */
export class Leftovers {
  readonly #options: LeftoversOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #trying = false;
  #stopped = false;

  constructor(options: LeftoversOptions) {
    this.#options = options;
  }

  /** Looks now and from time to time. */
  start(): void {
    this.look();
    const { shared } = this.#options.store;
    const everyMs = shared ? lookEveryMsIfShared : lookEveryMs;
    this.#timer = setInterval(() => this.look(), everyMs);
  }

  /** Resolves when nothing more is begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Looks now. */
  look(): void {
    const before = this.#looking;
    this.#looking = before
      .then(() => this.#takeUp())
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'store not looked through');
      });
  }

  async #takeUp(): Promise<void> {
    const { store, platforms, suspectAttempts, isBusy, begin } = this.#options;
    const suspects: ConversationId[] = [];
    for (const { conversation, attempts } of await store.waiting()) {
      if (this.#stopped) return;
      if (isBusy(conversation) || !platforms.has(partsOf(conversation).platform)) continue;
      if (attempts >= suspectAttempts) suspects.push(conversation);
      else void begin(conversation);
    }
    if (suspects.length === 0 || this.#trying) return;
    this.#trying = true;
    void this.#tryAlone(suspects).finally(() => (this.#trying = false));
  }

  /**
   * Turns that were cut off twice are suspects, one of which may be what kills the process: each
   * is alone for a while, so that an innocent one is not counted out with it.
   */
  async #tryAlone(suspects: readonly ConversationId[]): Promise<void> {
    const { isBusy, begin } = this.#options;
    for (const conversation of suspects) {
      if (this.#stopped) return;
      if (isBusy(conversation)) continue;
      const alone = Promise.withResolvers<void>();
      const timer = setTimeout(alone.resolve, aloneForMs);
      await Promise.race([begin(conversation), alone.promise]);
      clearTimeout(timer);
    }
  }
}
