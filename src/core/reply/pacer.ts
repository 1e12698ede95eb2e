import { RateLimited } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import type { Budget } from '../ports/surface.ts';
import { Limiter } from './limiter.ts';

/** Why a call is wanted, most urgent first. */
const ranks = ['first', 'final', 'live'] as const;

/** The next call that a reply would make. */
export interface Want {
  /** A first post, a text that will not change any more, or one that still grows. */
  readonly rank: (typeof ranks)[number];
  /** Every budget that the call spends. */
  readonly budgets: readonly Budget[];
  /** Since when there is text that people cannot see, in milliseconds of `performance.now()`. */
  readonly unseenSince: number;
  /** Not earlier than this, in milliseconds of `performance.now()`. */
  readonly notBefore: number;
}

/** Beyond this many budgets (a channel each, mostly) those that are full are forgotten. */
const maxLimiters = 1_000;

/** One reply, as the pacer sees it. */
export interface Lane {
  /** The call that it wants to make, if any. Cheap: it is asked often and must not render. */
  want(): Want | undefined;
  /**
   * Makes that call, with the newest text at this moment. Deals with its own failures, but for
   * `RateLimited`, which it throws. Must end by itself.
   */
  perform(): Promise<void>;
}

/** A lane's place with the pacer. */
export interface Place {
  /** There may be something to do now. Cheap: called for every delta. */
  changed(): void;
  leave(): void;
}

interface Slot {
  readonly lane: Lane;
  /** `ready`: to be looked at; `short`: its budget is spent; `asleep`: until its timer. */
  state: 'idle' | 'ready' | 'short' | 'asleep' | 'calling' | 'gone';
  timer?: NodeJS.Timeout;
}

/**
 * Decides which reply may call the platform next: at most one call in flight per reply, no more
 * calls than the budgets allow, the most urgent first. A reply that waits, sleeps or hangs never
 * holds up another one whose budget has room.
 */
export class Pacer {
  readonly #log: Log;
  readonly #limiters = new Map<string, Limiter>();
  /** To be looked at: `ready` and `short` slots. */
  readonly #open = new Set<Slot>();
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { log: Log }) {
    this.#log = options.log;
  }

  enlist(lane: Lane): Place {
    const slot: Slot = { lane, state: 'idle' };
    return {
      changed: () => {
        if (slot.state === 'idle') this.#makeReady(slot);
      },
      leave: () => {
        slot.state = 'gone';
        clearTimeout(slot.timer);
        this.#open.delete(slot);
      },
    };
  }

  #makeReady(slot: Slot): void {
    slot.state = 'ready';
    this.#open.add(slot);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Lets every open slot call for whose budgets there is room, the most urgent first. */
  #pump(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const wanting: { slot: Slot; want: Want }[] = [];
    for (const slot of this.#open) {
      const want = slot.lane.want();
      if (want === undefined) {
        slot.state = 'idle';
        this.#open.delete(slot);
      } else if (want.notBefore > now) {
        this.#sleep(slot, want.notBefore - now);
      } else {
        wanting.push({ slot, want });
      }
    }
    wanting.sort((a, b) => byUrgency(a.want, b.want));
    let soonest = Number.POSITIVE_INFINITY;
    for (const { slot, want } of wanting) {
      const waitMs = this.#waitMs(want.budgets, now);
      if (waitMs > 0) {
        slot.state = 'short';
        soonest = Math.min(soonest, waitMs);
      } else {
        for (const budget of want.budgets) this.#limiter(budget, now).take(now);
        this.#call(slot, want);
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#pump(), Math.ceil(soonest));
    }
  }

  #sleep(slot: Slot, ms: number): void {
    slot.state = 'asleep';
    this.#open.delete(slot);
    slot.timer = setTimeout(() => this.#makeReady(slot), Math.ceil(ms));
  }

  #call(slot: Slot, want: Want): void {
    slot.state = 'calling';
    this.#open.delete(slot);
    const done = (): void => {
      if (slot.state === 'calling') this.#makeReady(slot);
    };
    slot.lane.perform().then(done, (error: unknown) => {
      if (error instanceof RateLimited) {
        this.#pause(want.budgets, error);
        if (slot.state === 'calling') this.#sleep(slot, error.retryAfterMs);
      } else {
        // A lane that throws anything else is broken; asking it again would loop for ever.
        this.#log.error({ err: error }, 'reply lane broken');
      }
    });
  }

  #pause(budgets: readonly Budget[], error: RateLimited): void {
    const now = performance.now();
    for (const budget of budgets) {
      if (error.budgetKey === undefined || error.budgetKey === budget.key) {
        this.#limiter(budget, now).pause(now, error.retryAfterMs);
      }
    }
    this.#log.warn(
      { budgets: budgets.map((budget) => budget.key), retryAfterMs: error.retryAfterMs },
      'rate limited',
    );
  }

  #waitMs(budgets: readonly Budget[], now: number): number {
    let waitMs = 0;
    for (const budget of budgets) waitMs = Math.max(waitMs, this.#limiter(budget, now).waitMs(now));
    return waitMs;
  }

  #limiter(budget: Budget, now: number): Limiter {
    let limiter = this.#limiters.get(budget.key);
    if (limiter === undefined) {
      if (this.#limiters.size >= maxLimiters) this.#forgetFull(now);
      limiter = new Limiter(budget, now);
      this.#limiters.set(budget.key, limiter);
    }
    return limiter;
  }

  /** A limiter that is full knows nothing that a new one would not. */
  #forgetFull(now: number): void {
    for (const [key, limiter] of this.#limiters) {
      if (limiter.isFull(now)) this.#limiters.delete(key);
    }
  }
}

function byUrgency(a: Want, b: Want): number {
  return ranks.indexOf(a.rank) - ranks.indexOf(b.rank) || a.unseenSince - b.unseenSince;
}
