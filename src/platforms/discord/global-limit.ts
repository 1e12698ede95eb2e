import type { Budget, Told } from '../../core/ports/surface.ts';

/** Of the client library's REST part: what it counts of Discord's limit over all calls. */
export interface GlobalCount {
  readonly options: { readonly globalRequestsPerSecond: number };
  /** Calls that are left of the window that is open, or was. */
  readonly globalRemaining: number;
  /** When it ends, in milliseconds since the epoch; negative before the first. */
  readonly globalReset: number;
}

/** A few calls are left for what is no reply. */
const leftForOthers = 2;
/** Calls of replies in one second, where nobody tells: Discord's 50, but for a few. */
const perWindow = 46;
/** Calls at once where other instances make some, too. */
const sharedBurst = 8;
const windowMs = 1_000;
/** Discord's window begins when a call arrives, and not all calls take as long. */
const afterResetMs = 30;
/** Between a call and the library's count of it. */
const countedWithinMs = 5;

/**
 * 50 requests a second for all that the bot does. The client library refuses calls beyond that by
 * itself; what it counts, threads and marks of typing among it, is told to whoever paces replies.
 */
export class GlobalLimit implements Budget {
  readonly key: string;
  readonly burst: number;
  readonly perSecond: number;
  readonly #count: GlobalCount | undefined;
  /** When each call of a reply that is on its way began, in milliseconds since the epoch. */
  readonly #onTheirWay = new Set<{ readonly at: number }>();

  /** @param count absent where other instances spend the limit, too */
  constructor(key: string, count: GlobalCount | undefined) {
    this.key = key;
    // A full bucket and what flows into it meanwhile, too, must fit into one second of Discord's.
    this.burst = count === undefined ? sharedBurst : perWindow;
    this.perSecond = perWindow - (count === undefined ? sharedBurst : 0);
    this.#count = count;
  }

  get told(): Told | undefined {
    if (this.#count === undefined) return undefined;
    const { globalRemaining, globalReset, options } = this.#count;
    const limit = options.globalRequestsPerSecond - leftForOthers;
    const at = performance.now();
    const restMs = globalReset - Date.now();
    if (restMs < -afterResetMs) return { limit, left: limit, at, resetsAt: at + windowMs };
    // Those who ask count by themselves what is on its way.
    const since = globalReset - windowMs - countedWithinMs;
    const counted = [...this.#onTheirWay].filter((call) => call.at >= since).length;
    const left = Math.max(0, globalRemaining - leftForOthers) + counted;
    return { limit, left, at, resetsAt: at + restMs + afterResetMs };
  }

  /** Most of what there is in this second is spent: what can wait, waits. */
  get isScarce(): boolean {
    if (this.#count === undefined) return false;
    const { globalRemaining, globalReset, options } = this.#count;
    return Date.now() < globalReset && globalRemaining < options.globalRequestsPerSecond / 2;
  }

  /** Makes a call of a reply. */
  async counted<T>(call: () => Promise<T>): Promise<T> {
    const one = { at: Date.now() };
    this.#onTheirWay.add(one);
    try {
      return await call();
    } finally {
      this.#onTheirWay.delete(one);
    }
  }
}
