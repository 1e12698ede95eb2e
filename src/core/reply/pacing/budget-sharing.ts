import { wait } from '../../timing.ts';
import type { BudgetReport, Allocation, BudgetAllocator } from '../../ports/budgets.ts';
import type { Log } from '../../ports/log.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Fraction } from './token-bucket.ts';

/** Interval of the allocation, in milliseconds: one step for all budgets in use. */
const everyMs = 1_000;
/** Time without a report after which an instance counts as gone, in milliseconds. */
const leaseMs = 2_000;

/** Before the first answer: the number of instances is unknown, so nothing may be spent. */
const unknown: Membership = { members: 1_000, settled: false };

/**
 * Shares rate limits with other instances, beside the calls, so that no call waits for it: once a
 * second it reports what was spent and is needed here, and applies what may be spent from then
 * on. While that fails, this instance keeps its last shares.
 */
export class BudgetSharing {
  readonly #budgets: BudgetAllocator;
  readonly #owner: string;
  readonly #log: Log;
  readonly #shares = new Set<BudgetShare>();
  readonly #stopped = new AbortController();
  #membership = unknown;
  /** Time of the first answer. */
  #since: number | undefined;
  #failed = false;
  #running: Promise<void> | undefined;

  constructor(options: { budgets: BudgetAllocator; owner: string; log: Log }) {
    this.#budgets = options.budgets;
    this.#owner = options.owner;
    this.#log = options.log;
  }

  /** Shares a budget from now on. */
  add(budget: ShareableBudget, now: number): BudgetShare {
    const share = new BudgetShare(budget, this.#membership, now);
    this.#shares.add(share);
    return share;
  }

  /** Forgets a settled share. */
  remove(share: BudgetShare): void {
    this.#shares.delete(share);
  }

  /** Resolves after the first allocation, also a failed one. */
  async start(): Promise<void> {
    await this.#allocate();
    this.#running = this.#run();
  }

  /** Nothing is spent any more; the shares are free for the others at once. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    try {
      await this.#budgets.release(this.#owner);
    } catch (error) {
      this.#log.warn(
        { err: error },
        'budget shares not released; other instances wait for the lease to end',
      );
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    let begunAt = performance.now();
    while (!signal.aborted) {
      try {
        await wait(Math.max(0, begunAt + everyMs - performance.now()), signal);
      } catch {
        // Stopped: that is all that ends the wait.
        return;
      }
      begunAt = performance.now();
      await this.#allocate();
    }
  }

  async #allocate(): Promise<void> {
    const askedAt = performance.now();
    const reported = [...this.#shares].flatMap((share) => {
      const report = share.report(askedAt);
      return report === undefined ? [] : [{ share, report }];
    });
    const lease = { owner: this.#owner, leaseMs };
    const sinceMs = this.#since === undefined ? 0 : askedAt - this.#since;
    try {
      const reports = reported.map(({ report }) => report);
      const { members, settled, shares } = await this.#budgets.allocate(lease, sinceMs, reports);
      const now = performance.now();
      this.#since ??= now;
      this.#membership = { members, settled };
      for (const share of this.#shares) share.setMembership(this.#membership, now);
      for (const [i, { share, report }] of reported.entries()) share.apply(report, shares[i], now);
      if (this.#failed) this.#log.info({ members }, 'budgets are shared again');
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#log.warn({ err: error }, 'budgets not shared; the last share is kept');
      this.#failed = true;
    }
  }
}

/** Fraction of the rate that is split evenly between all instances, whoever uses the budget. */
const even = 0.05;
const all = { burst: 1, perSecond: 1 };

/** The number of instances, and whether all of them know of this one. */
export interface Membership {
  readonly members: number;
  readonly settled: boolean;
}

/** A budget that can be shared. */
export interface ShareableBudget {
  readonly key: string;
  /** Replies that depend on the budget here, and calls that wait. */
  demand(): number;
  /** Number of waiting calls for a first or a final text. */
  urgent(): number;
  readonly limiter: RateLimiter;
  /** There may be room now. */
  changed(): void;
}

/**
 * This instance's share of a rate limit: 100 % if it is the only instance; otherwise its last
 * allocation, or the guaranteed minimum if it asked for none.
 */
export class BudgetShare {
  readonly #budget: ShareableBudget;
  #membership: Membership;
  /** The others know of calls or of an allocation of this instance. */
  #reported = false;
  /** The share is an allocation, not the minimum. */
  #allocated = false;
  /** Calls that the whole budget had room for at the last allocation; the whole burst before. */
  #left: { left: number; at: number };

  constructor(budget: ShareableBudget, membership: Membership, now: number) {
    this.#budget = budget;
    this.#membership = membership;
    this.#left = { left: budget.limiter.whole(now).burst, at: now };
    this.#takeMinimum(now);
  }

  get isAlone(): boolean {
    return this.#membership.settled && this.#membership.members === 1;
  }

  /** No other instance reckons with what this one holds, or has still to learn what it spent. */
  get isSettled(): boolean {
    return (
      !this.#reported &&
      (this.#budget.limiter.bucket.unreported === 0 || this.#budget.limiter.isReported)
    );
  }

  /** What to report of the budget; undefined if there is nothing to report. */
  report(now: number): BudgetReport | undefined {
    const { key, limiter } = this.#budget;
    // A limit that the platform reports counts the calls of all instances.
    const demand = limiter.isReported ? 0 : this.#budget.demand();
    if (demand === 0 && this.isSettled) return undefined;
    const whole = this.isAlone;
    const hadShare = this.#allocated;
    if (demand === 0 && this.#allocated) {
      // It must be given up here before another instance may have it.
      this.#allocated = false;
      this.#takeMinimum(now);
    }
    this.#reported = true;
    const { bucket } = limiter;
    const { burst, perSecond } = limiter.whole(now);
    return {
      key,
      burst,
      perSecond,
      own: {
        burst: bucket.burst(now),
        perSecond: bucket.perSecond(now),
        level: bucket.level(now),
      },
      had: hadShare,
      whole,
      spent: bucket.unreported,
      demand,
      urgent: this.#budget.urgent(),
      leaves: demand === 0,
      pauseMs: Math.max(-1e9, limiter.notBefore - now),
      lessons: limiter.observations(now),
    };
  }

  /** The report was answered with this allocation. */
  apply(report: BudgetReport, share: Allocation | undefined, now: number): void {
    const { limiter } = this.#budget;
    const { bucket } = limiter;
    bucket.reported(report.spent);
    if (share === undefined) {
      this.#reported = false;
      return;
    }
    this.#allocated = true;
    this.#left = { left: share.left, at: now };
    // An instance that is alone, and was, has nothing to take from an allocation.
    if (report.whole && this.isAlone) return;
    limiter.merge(share.lessons, now);
    if (share.pauseMs !== undefined) limiter.blockedElsewhere(now, share.pauseMs);
    const { burst, perSecond } = share;
    const fraction = { burst: burst / report.burst, perSecond: perSecond / report.perSecond };
    bucket.setFraction(this.isAlone ? all : fraction, now);
    bucket.add(share.gained, now);
    if (!this.isAlone) bucket.capAt(share.most, now);
    this.#budget.changed();
  }

  /** Other instances came or went. */
  setMembership(membership: Membership, now: number): void {
    const before = this.#membership;
    if (before.members === membership.members && before.settled === membership.settled) return;
    this.#membership = membership;
    if (!this.#allocated || this.isAlone) this.#takeMinimum(now);
  }

  #takeMinimum(now: number): void {
    const { limiter } = this.#budget;
    const { members, settled } = this.#membership;
    const { burst } = limiter.whole(now);
    const calls = settled && burst >= members ? Math.max(1, Math.floor(burst / members / 4)) : 0;
    const minimum: Fraction = {
      burst: calls / burst,
      perSecond: even / members,
      unallocated: { members, ...this.#left },
    };
    limiter.bucket.setFraction(this.isAlone ? all : minimum, now);
  }
}
