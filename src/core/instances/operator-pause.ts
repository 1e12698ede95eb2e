import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';

/** How soon an operator's order is heard, in milliseconds. */
const lookEveryMs = 1_000;

export interface PauseOptions {
  readonly store: Pick<Store, 'pausedSince'>;
  readonly log: Log;
  /** What waits may be taken up now. */
  readonly onResume: () => void;
}

/** Whether an operator wants nothing new to be begun, as the store says it to all instances. */
export class Pause {
  readonly #options: PauseOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Undefined until it is known: nothing is begun before. */
  #paused: boolean | undefined;
  #failing = false;
  #started = false;
  #stopped = false;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  /** Nothing new may be begun: it was ordered, or it is not known yet whether it was. */
  get isOn(): boolean {
    return this.#paused !== false;
  }

  get isOrdered(): boolean {
    return this.#paused === true;
  }

  /** Looks now and from time to time; again without effect. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #watch(): Promise<void> {
    await this.#look();
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#watch(), lookEveryMs);
  }

  async #look(): Promise<void> {
    const { store, log, onResume } = this.#options;
    try {
      const since = await store.pausedSince();
      this.#failing = false;
      const [before, paused] = [this.#paused, since !== undefined];
      if (paused === before) return;
      this.#paused = paused;
      if (paused) log.warn({ since }, 'turns are paused: nothing new is begun');
      else if (before !== undefined) log.info({}, 'turns are resumed');
      if (!paused) onResume();
    } catch (error) {
      // It stays as it was until the store is back.
      if (!this.#failing) log.warn({ err: error }, 'not known whether turns are paused');
      this.#failing = true;
    }
  }
}
