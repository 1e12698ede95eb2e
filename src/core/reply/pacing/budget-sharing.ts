import { wait } from '../../timing.ts';
import type { BudgetReport, Allocation, BudgetAllocator } from '../../ports/budgets.ts';
import type { Log } from '../../ports/log.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** How often shares are told and heard: one step for all budgets in use. */
const everyMs = 1_000;
/** Whoever is not heard for so long counts as gone. */
const leaseMs = 2_000;

/** Before the first answer: nobody knows how many there are, so nothing may be spent. */
const unknown: Membership = { members: 1_000, settled: false };

/**
 * Shares rate limits with other instances, beside the calls, never on their way: once a second it
 * is told what was spent and is needed here, and heard what may be spent from now on. While that
 * fails, this instance keeps what it has.
 */
export class BudgetSharing {
  readonly #budgets: BudgetAllocator;
  readonly #owner: string;
  readonly #log: Log;
  readonly #shares = new Set<BudgetShare>();
  readonly #stopped = new AbortController();
  #membership = unknown;
  /** When it was first answered. */
  #since: number | undefined;
  #failed = false;
  #running: Promise<void> | undefined;

  constructor(options: { budgets: BudgetAllocator; owner: string; log: Log }) {
    this.#budgets = options.budgets;
    this.#owner = options.owner;
    this.#log = options.log;
  }

  /** Takes a budget in. */
  add(staked: ShareableBudget, now: number): BudgetShare {
    const stake = new BudgetShare(staked, this.#membership, now);
    this.#shares.add(stake);
    return stake;
  }

  /** Forgets a settled one. */
  remove(stake: BudgetShare): void {
    this.#shares.delete(stake);
  }

  /** Resolves when it was answered once, or failed once. */
  async start(): Promise<void> {
    await this.#allocate();
    this.#running = this.#run();
  }

  /** Nothing is spent any more; what was held is free for the others at once. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    try {
      await this.#budgets.release(this.#owner);
    } catch (error) {
      this.#log.warn({ err: error }, 'shares not given up; the others wait for the end of a lease');
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
    const told = [...this.#shares].flatMap((stake) => {
      const account = stake.report(askedAt);
      return account === undefined ? [] : [{ stake, account }];
    });
    const lease = { owner: this.#owner, leaseMs };
    const sinceMs = this.#since === undefined ? 0 : askedAt - this.#since;
    try {
      const accounts = told.map(({ account }) => account);
      const { members, settled, shares } = await this.#budgets.allocate(lease, sinceMs, accounts);
      const now = performance.now();
      this.#since ??= now;
      this.#membership = { members, settled };
      for (const stake of this.#shares) stake.setMembership(this.#membership, now);
      for (const [i, { stake, account }] of told.entries()) stake.apply(account, shares[i], now);
      if (this.#failed) this.#log.info({ members }, 'budgets are shared again');
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#log.warn({ err: error }, 'budgets not shared; the last share is kept');
      this.#failed = true;
    }
  }
}

/** So much of the rate is split evenly between all instances, whoever uses the budget. */
const even = 0.05;
const all = { burst: 1, perSecond: 1 };

/** How many instances there are, and whether all of them know of this one. */
export interface Membership {
  readonly members: number;
  readonly settled: boolean;
}

/** What the stake is in. */
export interface ShareableBudget {
  readonly key: string;
  /** How much depends on the budget here: replies that live on it, and calls that wait. */
  demand(): number;
  /** Of the calls that wait, how many are for a first or a final text. */
  urgent(): number;
  readonly limiter: RateLimiter;
  /** There may be room now. */
  changed(): void;
}

/**
 * What this instance has of a budget that others spend, too: all of it when it is alone; else what
 * it was last given, or, where it needed none, what is set aside for each.
 */
export class BudgetShare {
  readonly #in: ShareableBudget;
  #membership: Membership;
  /** It was given something, or told of what it spent. */
  #reported = false;
  /** What it has is what it was given. */
  #allocated = false;
  /** What the whole had room for when it was last told; all of it before. */
  #left: { left: number; at: number };

  constructor(staked: ShareableBudget, company: Membership, now: number) {
    this.#in = staked;
    this.#membership = company;
    this.#left = { left: staked.limiter.whole(now).burst, at: now };
    this.#takeMinimum(now);
  }

  get isAlone(): boolean {
    return this.#membership.settled && this.#membership.members === 1;
  }

  /** Nobody else counts with what it holds, or waits to hear of what it spent. */
  get isSettled(): boolean {
    return (
      !this.#reported && (this.#in.limiter.bucket.unreported === 0 || this.#in.limiter.isReported)
    );
  }

  /** What to tell of it; undefined if there is nothing to tell. */
  report(now: number): BudgetReport | undefined {
    const { key, limiter } = this.#in;
    // What a platform tells itself counts everybody's calls.
    const demand = limiter.isReported ? 0 : this.#in.demand();
    if (demand === 0 && this.isSettled) return undefined;
    const whole = this.isAlone;
    const had = this.#allocated;
    if (demand === 0 && this.#allocated) {
      // It must be given up here before somebody else may have it.
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
      had,
      whole,
      spent: bucket.unreported,
      demand,
      urgent: this.#in.urgent(),
      leaves: demand === 0,
      pauseMs: Math.max(-1e9, limiter.notBefore - now),
      lessons: limiter.observations(now),
    };
  }

  /** The account was settled, with this share. */
  apply(account: BudgetReport, share: Allocation | undefined, now: number): void {
    const { limiter } = this.#in;
    const { bucket } = limiter;
    bucket.reported(account.spent);
    if (share === undefined) {
      this.#reported = false;
      return;
    }
    this.#allocated = true;
    this.#left = { left: share.left, at: now };
    // Nobody has anything to tell to one that is alone, and was.
    if (account.whole && this.isAlone) return;
    limiter.merge(share.lessons, now);
    if (share.pauseMs !== undefined) limiter.blockedElsewhere(now, share.pauseMs);
    const { burst, perSecond } = share;
    const part = { burst: burst / account.burst, perSecond: perSecond / account.perSecond };
    bucket.setFraction(this.isAlone ? all : part, now);
    bucket.add(share.gained, now);
    if (!this.isAlone) bucket.capAt(share.most, now);
    this.#in.changed();
  }

  /** Others came or went. */
  setMembership(company: Membership, now: number): void {
    const before = this.#membership;
    if (before.members === company.members && before.settled === company.settled) return;
    this.#membership = company;
    if (!this.#allocated || this.isAlone) this.#takeMinimum(now);
  }

  #takeMinimum(now: number): void {
    const { limiter } = this.#in;
    const { members, settled } = this.#membership;
    const { burst } = limiter.whole(now);
    const calls = settled && burst >= members ? Math.max(1, Math.floor(burst / members / 4)) : 0;
    const part = {
      burst: calls / burst,
      perSecond: even / members,
      aside: { members, ...this.#left },
    };
    limiter.bucket.setFraction(this.isAlone ? all : part, now);
  }
}
