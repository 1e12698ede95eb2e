import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { ConversationId } from '../domain/conversation.ts';

/** Interval at which an instance publishes its load, and the time for which that is valid, in milliseconds. */
const publishEveryMs = 1_000;
const validMs = 3 * publishEveryMs;

export interface InstanceLoadsOptions {
  readonly store: Pick<Store, 'channel'>;
  /** The name of this instance. */
  readonly owner: string;
  /** Number of turns in progress here. */
  readonly load: () => number;
  readonly log: Log;
}

/** The loads of the other instances, as each of them publishes it once a second. */
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
    this.#timer = setInterval(() => this.#publish(), publishEveryMs);
    this.#publish();
  }

  /** The other instances leave no question to this one any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  update(owner: string, turns: number): void {
    if (owner === this.#options.owner) return;
    this.#loads.set(owner, { turns, until: performance.now() + validMs });
  }

  /**
   * The lowest load of another instance; infinite where there is none. 0 until all of them must have
   * published theirs.
   */
  get lowest(): number {
    const now = performance.now();
    let lowest = now - this.#startedAt > 2 * publishEveryMs ? Number.POSITIVE_INFINITY : 0;
    for (const [owner, { turns, until }] of this.#loads) {
      if (until < now) this.#loads.delete(owner);
      else lowest = Math.min(lowest, turns);
    }
    return lowest;
  }

  get isAlone(): boolean {
    return this.lowest === Number.POSITIVE_INFINITY;
  }

  #publish(): void {
    const { store, owner, load, log } = this.#options;
    store.channel?.publishLoad(owner, load()).catch((error: unknown) => {
      log.debug({ err: error }, 'other instances not told what there is to do here');
    });
  }
}

/** Average delay of a claim for each turn in progress, and the longest delay, in milliseconds. */
const delayMsPerTurn = 20;
const longestDelayMs = 500;

/**
 * Claims a published question after a random delay that grows with this instance's load (20 ms per
 * turn on average, at most 500 ms), so that idle instances usually win.
 */
export class StaggeredClaims {
  readonly #timers = new Map<ConversationId, NodeJS.Timeout>();

  /** Number of claims that are delayed at this moment. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /**
   * Claims the next turn of a conversation, unless a claim is delayed for it already: the instance
   * that accepted a question receives its own publication, too.
   *
   * @param ahead number of turns in progress or delayed here
   */
  schedule(conversation: ConversationId, ahead: number, claim: () => void): void {
    if (this.#timers.has(conversation)) return;
    if (ahead === 0) {
      claim();
      return;
    }
    const waitMs = Math.random() * Math.min(2 * ahead * delayMsPerTurn, longestDelayMs);
    const timer = setTimeout(() => {
      this.#timers.delete(conversation);
      claim();
    }, waitMs);
    this.#timers.set(conversation, timer);
  }

  /** Drops the delayed claims: other instances make them. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
