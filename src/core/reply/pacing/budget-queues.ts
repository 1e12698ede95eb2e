import type { Budget } from '../../ports/surface.ts';
import type { BudgetSharing, BudgetShare } from './budget-sharing.ts';
import type { WaitReason } from './reply-waits.ts';
import type { CallRequest } from './scheduled-reply.ts';
import type { RateLimited } from '../../domain/errors.ts';
import { RateLimiter } from './rate-limiter.ts';
import { EditSpacing } from './edit-spacing.ts';

/** Budgets (one per channel, mostly) beyond which the unused ones are forgotten. */
const maxBudgets = 1_000;

/** The budget that a call has to wait for longest. */
export interface QueueWait<Waiting> {
  readonly queue: BudgetQueue<Waiting>;
  readonly ms: number;
  readonly reason: WaitReason;
}

/** The queues of all budgets in use, by budget key. */
export class BudgetQueues<Waiting> {
  readonly #queues = new Map<string, BudgetQueue<Waiting>>();
  readonly #sharing: BudgetSharing | undefined;
  readonly #serve: (queue: BudgetQueue<Waiting>) => void;

  /**
   * @param options `sharing`: set where other instances spend the same budgets; `serve`: a queue
   * with waiting replies may have room now
   */
  constructor(options: {
    sharing: BudgetSharing | undefined;
    serve: (queue: BudgetQueue<Waiting>) => void;
  }) {
    this.#sharing = options.sharing;
    this.#serve = options.serve;
  }

  /** The queue of a budget, with the rate limit that the platform reported last. */
  get(budget: Budget, now: number): BudgetQueue<Waiting> {
    let queue = this.#queues.get(budget.key);
    if (queue === undefined) {
      if (this.#queues.size >= maxBudgets) this.#forgetIdle(now);
      queue = this.#create(budget, now);
      this.#queues.set(budget.key, queue);
    }
    queue.update(budget, now);
    return queue;
  }

  /** The queue of the budget with the longest wait. Throws for a call that spends none. */
  longestWait(request: CallRequest, now: number): QueueWait<Waiting> {
    let longest: QueueWait<Waiting> | undefined;
    for (const budget of request.budgets) {
      const queue = this.get(budget, now);
      const { ms, reason } = queue.wait(now, request);
      if (longest === undefined || ms > longest.ms) longest = { queue, ms, reason };
    }
    if (longest === undefined) throw new Error('a call without budgets waits for none');
    return longest;
  }

  /** Time until each of these budgets has room beyond its reserve, and for `ahead` more calls. */
  spareWaitMs(budgets: readonly Budget[], now: number, ahead: number): number {
    return Math.max(0, ...budgets.map((budget) => this.get(budget, now).spareWaitMs(now, ahead)));
  }

  /** Something was freed: the queue is served, if a reply waits in it. */
  mayHaveRoom(queue: BudgetQueue<Waiting>): void {
    if (queue.waiting.size > 0) this.#serve(queue);
  }

  #create(budget: Budget, now: number): BudgetQueue<Waiting> {
    const queue = new BudgetQueue<Waiting>(budget, now);
    queue.share = this.#sharing?.add(
      {
        key: budget.key,
        limiter: queue.limiter,
        demand: () => queue.demand,
        urgent: () => (queue.waiting.size === 0 ? 0 : queue.urgent),
        changed: () => this.mayHaveRoom(queue),
      },
      now,
    );
    return queue;
  }

  #forgetIdle(now: number): void {
    for (const [key, queue] of this.#queues) {
      if (!queue.isIdle(now)) continue;
      this.#queues.delete(key);
      if (queue.share !== undefined) this.#sharing?.remove(queue.share);
    }
  }
}

/** Least fraction of a burst that is reserved for final texts, where there are that many replies. */
const minReserve = 0.05;

/**
 * Minimum age of an update, as a fraction of the expected time between two updates of one reply.
 * Keeps many replies that start together from spending the limit on a few words each.
 */
const minAgeFraction = 0.5;

/** Longest wait of a final text behind others, in seconds: calls that come in by then need no reserve. */
const soonSeconds = 0.5;

/** Interval at which the reserve is counted anew, in milliseconds. */
const countEveryMs = 50;

/** A reply that will spend the budget with its final text. */
interface FinalEditUser<Waiting> {
  /** Other budgets that it may spend instead, all of them. */
  readonly alternatives: readonly BudgetQueue<Waiting>[];
}

/** The replies that wait for one budget, and its rate limit. */
export class BudgetQueue<Waiting> {
  readonly waiting = new Set<Waiting>();
  /** Ends when a waiting reply may have room. */
  timer: NodeJS.Timeout | undefined;
  /** Replies whose final text will spend this budget, and those that may spend it instead. */
  readonly replies = new Set<FinalEditUser<Waiting>>();
  readonly alternativeUsers = new Set<FinalEditUser<Waiting>>();
  /** Number of waiting replies with a first or a final text. */
  urgent = 0;
  /** Absent where no other instance spends the budget. */
  share: BudgetShare | undefined;
  #reserve = { at: Number.NaN, calls: 0 };
  readonly limiter: RateLimiter;
  readonly #spacing: EditSpacing;
  #budget: Budget;
  #calls = 0;

  constructor(budget: Budget, now: number) {
    this.#budget = budget;
    this.limiter = new RateLimiter(budget, now);
    this.#spacing = new EditSpacing(this.limiter);
  }

  /** Number of replies that depend on the budget in this instance. */
  get demand(): number {
    return Math.max(this.replies.size + this.alternativeUsers.size, this.waiting.size);
  }

  get key(): string {
    return this.#budget.key;
  }

  get oneAtATime(): boolean {
    return this.#budget.oneAtATime === true;
  }

  /** Unused, and a new queue would know the same. */
  isIdle(now: number): boolean {
    const unused =
      this.waiting.size + this.replies.size + this.alternativeUsers.size + this.#calls === 0;
    if (!unused || !this.limiter.isFull(now)) return false;
    return !this.limiter.isLowered(now) && this.share?.isSettled !== false;
  }

  /** Takes the budget as it stands now, with the rate limit that the platform reported. */
  update(budget: Budget, now: number): void {
    if (budget.burst !== this.#budget.burst || budget.perSecond !== this.#budget.perSecond) {
      this.limiter.resize(budget.burst, budget.perSecond, now);
    }
    this.#budget = budget;
    this.limiter.setReported(budget.reported);
  }

  /**
   * How long until a call may be made, and why not sooner: infinitely long while another one holds
   * the place. Texts that still grow leave something for the final ones.
   */
  wait(
    now: number,
    { priority, unseenSince }: Pick<CallRequest, 'priority' | 'unseenSince'>,
  ): { readonly ms: number; readonly reason: WaitReason } {
    if (this.oneAtATime && this.#calls > 0) {
      return { ms: Number.POSITIVE_INFINITY, reason: 'other call' };
    }
    if (priority !== 'live') return { ms: this.limiter.waitMs(now), reason: 'rate limit' };
    const reserve = this.#reserveAt(now);
    const others = (this.replies.size - 1) * minAgeFraction;
    const ms = Math.max(
      this.#spacing.waitMs(now, reserve),
      this.#spacing.minAgeMs(now, reserve, others, unseenSince),
    );
    const isLimit = ms <= this.limiter.spareWaitMs(now, reserve);
    return { ms, reason: isLimit ? 'rate limit' : 'spacing' };
  }

  /** Time until a call may be made that leaves the reserve, and `ahead` more calls. */
  spareWaitMs(now: number, ahead: number): number {
    return this.limiter.spareWaitMs(now, this.#reserveAt(now) + ahead);
  }

  /** Expected time from one update of a reply to its next, in milliseconds. */
  updateIntervalMs(now: number): number {
    return this.#spacing.expectedIntervalMs(now, this.#reserveAt(now)) * this.replies.size;
  }

  callStarted(now: number, grows: boolean): void {
    this.#calls += 1;
    this.limiter.callStarted(now);
    this.#spacing.callStarted(now, grows);
  }

  /** @param made false if no call was made after all */
  callEnded(made: boolean, calledAt: number): void {
    this.#calls -= 1;
    if (!made) {
      this.limiter.callUndone();
      this.#spacing.callUndone();
    }
    this.limiter.callEnded(calledAt);
  }

  rateLimited(now: number, { retryAfterMs, unsent }: RateLimited, calledAt: number): void {
    if (unsent) this.limiter.blockFor(now, retryAfterMs);
    else this.limiter.rateLimited(now, retryAfterMs, calledAt);
  }

  /** Calls left for each reply that may spend this budget instead of its own. */
  #callsPerUser(now: number): number {
    return this.limiter.available(now) / Math.max(1, this.alternativeUsers.size);
  }

  /** Calls reserved for final texts: one for each that has no alternative, as far as there are. */
  #reserveAt(now: number): number {
    if (!(now - this.#reserve.at < countEveryMs)) {
      let calls = 0;
      for (const { alternatives } of this.replies) {
        const shares = alternatives.map((queue) => queue.#callsPerUser(now));
        calls += alternatives.length === 0 ? 1 : 1 - Math.min(1, Math.max(0, Math.min(...shares)));
      }
      const burst = this.limiter.burst(now);
      const least = Math.min(this.replies.size, Math.max(1, Math.floor(burst * minReserve)));
      // Calls that come in soon need not be reserved.
      const soon = Math.max(least, calls) - this.limiter.perSecond(now) * soonSeconds;
      this.#reserve = { at: now, calls: Math.max(0, Math.min(burst - 1, soon)) };
    }
    return this.#reserve.calls;
  }
}
