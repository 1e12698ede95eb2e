import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { ConversationId } from '../domain/conversation.ts';

/** How often an instance tells what it has at hand, and for how long that holds, in milliseconds. */
const tellEveryMs = 1_000;
const holdsMs = 3 * tellEveryMs;

export interface InstanceLoadsOptions {
  readonly store: Pick<Store, 'publishLoad'>;
  /** The name of this instance. */
  readonly owner: string;
  /** How many turns are at hand here. */
  readonly load: () => number;
  readonly log: Log;
}

/** What the other instances have at hand, as each of them tells once a second. */
export class InstanceLoads {
  readonly #options: InstanceLoadsOptions;
  readonly #loads = new Map<string, { readonly turns: number; readonly until: number }>();
  #timer: NodeJS.Timeout | undefined;
  #startedAt = Number.POSITIVE_INFINITY;

  constructor(options: InstanceLoadsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#publish(), tellEveryMs);
    this.#publish();
  }

  /** Nothing is to be left to this instance any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  update(owner: string, turns: number): void {
    if (owner === this.#options.owner) return;
    this.#loads.set(owner, { turns, until: performance.now() + holdsMs });
  }

  /**
   * What the one has at hand that has least; infinitely much where nobody else is heard. Until all
   * of them must have told it, there may be one that has nothing.
   */
  get lowest(): number {
    const now = performance.now();
    let least = now - this.#startedAt > 2 * tellEveryMs ? Number.POSITIVE_INFINITY : 0;
    for (const [owner, { turns, until }] of this.#loads) {
      if (until < now) this.#loads.delete(owner);
      else least = Math.min(least, turns);
    }
    return least;
  }

  get isAlone(): boolean {
    return this.lowest === Number.POSITIVE_INFINITY;
  }

  #publish(): void {
    const { store, owner, load, log } = this.#options;
    store.publishLoad?.(owner, load()).catch((error: unknown) => {
      log.debug({ err: error }, 'other instances not told what there is to do here');
    });
  }
}

/** How much later, on average, one more turn at hand makes an instance reach for the next; at most. */
const reachMsPerJob = 20;
const slowestReachMs = 500;

/**
 * Reaches for what every instance hears of, and the first one takes: the less one has to do, or to
 * reach for, the sooner; by chance, as all of them hear of many questions in the same order.
 */
export class StaggeredClaims {
  readonly #timers = new Map<ConversationId, NodeJS.Timeout>();

  /** How much is about to be reached for. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /**
   * For the next turn of a conversation. Whoever takes a question in hears of it once more, as the
   * others do, and has no second chance by that.
   *
   * @param ahead how much else there is to do here
   */
  schedule(conversation: ConversationId, ahead: number, take: () => void): void {
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
