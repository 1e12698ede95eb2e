import type { Budget } from '../../ports/surface.ts';
import type { BudgetSharing, BudgetShare } from './budget-sharing.ts';
import type { WaitReason } from './reply-waits.ts';
import type { CallRequest } from './scheduled-reply.ts';
import type { RateLimited } from '../../domain/errors.ts';
import { RateLimiter } from './rate-limiter.ts';
import { EditSpacing } from './edit-spacing.ts';

/** Beyond this many budgets (a channel each, mostly) those that nobody needs are forgotten. */
const most = 1_000;

/** The budget that a call has to wait for longest. */
export interface QueueWait<Waiting> {
  readonly queue: BudgetQueue<Waiting>;
  readonly ms: number;
  readonly reason: WaitReason;
}

/** The queues of all budgets in use, by their keys. */
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

  /** The queue of a budget, with what the platform told since. */
  get(budget: Budget, now: number): BudgetQueue<Waiting> {
    let queue = this.#queues.get(budget.key);
    if (queue === undefined) {
      if (this.#queues.size >= most) this.#forgetIdle(now);
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

  /** How long until each of these budgets has room beyond what is kept of it, and for `ahead` others. */
  spareWaitMs(budgets: readonly Budget[], now: number, ahead: number): number {
    return Math.max(0, ...budgets.map((budget) => this.get(budget, now).spareWaitMs(now, ahead)));
  }

  /** Something was freed: those who wait are looked at, if anybody does. */
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

/** At least this share of a burst is kept for final texts, where there are so many replies. */
const minKept = 0.05;

/**
 * A text of several ripens for this share of the time between two turns: when many replies begin
 * together they have little to show at first, and all of them would be stale later.
 */
const minAgeFraction = 0.5;

/** A final text may wait so long behind others, in seconds. */
const soonSeconds = 0.5;

/** How often it is counted how much is kept. */
const countEveryMs = 50;

/** A reply that will spend the budget with its final text. */
interface FinalEditUser<Waiting> {
  /** Other budgets that it may spend instead, all of them. */
  readonly alternatives: readonly BudgetQueue<Waiting>[];
}

/** Those that wait for one budget, and what there is of it. */
export class BudgetQueue<Waiting> {
  readonly waiting = new Set<Waiting>();
  /** When somebody in it may have room. */
  timer: NodeJS.Timeout | undefined;
  /** Replies whose final text will spend this budget, and those that may spend it instead. */
  readonly replies = new Set<FinalEditUser<Waiting>>();
  readonly alternativeUsers = new Set<FinalEditUser<Waiting>>();
  /** Of those in it, how many have a first or a final text. */
  urgent = 0;
  /** Absent where nobody else spends the budget. */
  share: BudgetShare | undefined;
  #kept = { at: Number.NaN, calls: 0 };
  readonly limiter: RateLimiter;
  readonly #spacing: EditSpacing;
  #budget: Budget;
  #calls = 0;

  constructor(budget: Budget, now: number) {
    this.#budget = budget;
    this.limiter = new RateLimiter(budget, now);
    this.#spacing = new EditSpacing(this.limiter);
  }

  /** How much depends on the budget here. */
  get demand(): number {
    return Math.max(this.replies.size + this.alternativeUsers.size, this.waiting.size);
  }

  get key(): string {
    return this.#budget.key;
  }

  get oneAtATime(): boolean {
    return this.#budget.oneAtATime === true;
  }

  /** Nobody needs it, and a new one would know the same. */
  isIdle(now: number): boolean {
    const unused =
      this.waiting.size + this.replies.size + this.alternativeUsers.size + this.#calls === 0;
    if (!unused || !this.limiter.isFull(now)) return false;
    return !this.limiter.isLowered(now) && this.share?.isSettled !== false;
  }

  /** The budget as it stands now, with what the platform told since. */
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
    const kept = this.#keptAt(now);
    const turn = (this.replies.size - 1) * minAgeFraction;
    const ms = Math.max(
      this.#spacing.waitMs(now, kept),
      this.#spacing.minAgeMs(now, kept, turn, unseenSince),
    );
    const isLimit = ms <= this.limiter.spareWaitMs(now, kept);
    return { ms, reason: isLimit ? 'rate limit' : 'spacing' };
  }

  /** How long until a call may be made that leaves what is kept, and `ahead` others. */
  spareWaitMs(now: number, ahead: number): number {
    return this.limiter.spareWaitMs(now, this.#keptAt(now) + ahead);
  }

  /** How long it is from one turn of a reply to its next. */
  updateIntervalMs(now: number): number {
    return this.#spacing.expectedIntervalMs(now, this.#keptAt(now)) * this.replies.size;
  }

  callStarted(now: number, grows: boolean): void {
    this.#calls += 1;
    this.limiter.callStarted(now);
    this.#spacing.callStarted(now, grows);
  }

  /** @param made false if no call was made after all; `takenAt`: when it was taken */
  callEnded(made: boolean, takenAt: number): void {
    this.#calls -= 1;
    if (!made) {
      this.limiter.callUndone();
      this.#spacing.callUndone();
    }
    this.limiter.callEnded(takenAt);
  }

  rateLimited(now: number, { retryAfterMs, unsent }: RateLimited, takenAt: number): void {
    if (unsent) this.limiter.blockFor(now, retryAfterMs);
    else this.limiter.rateLimited(now, retryAfterMs, takenAt);
  }

  /** Calls for each reply that may spend this budget instead of its own. */
  #callsPerUser(now: number): number {
    return this.limiter.available(now) / Math.max(1, this.alternativeUsers.size);
  }

  /** As many calls as there are final texts that have no other way, as far as can be kept. */
  #keptAt(now: number): number {
    if (!(now - this.#kept.at < countEveryMs)) {
      let calls = 0;
      for (const { alternatives } of this.replies) {
        const shares = alternatives.map((queue) => queue.#callsPerUser(now));
        calls += alternatives.length === 0 ? 1 : 1 - Math.min(1, Math.max(0, Math.min(...shares)));
      }
      const burst = this.limiter.burst(now);
      const least = Math.min(this.replies.size, Math.max(1, Math.floor(burst * minKept)));
      // What comes in soon need not be kept.
      const soon = Math.max(least, calls) - this.limiter.perSecond(now) * soonSeconds;
      this.#kept = { at: now, calls: Math.max(0, Math.min(burst - 1, soon)) };
    }
    return this.#kept.calls;
  }
}
