import { wait } from '../../timing.ts';
import type { SharedBudgets } from '../../ports/budgets.ts';
import type { Log } from '../../ports/log.ts';
import { type Company, Stake, type Staked } from './budget-share.ts';

/** How often shares are told and heard: one step for all budgets in use. */
const everyMs = 1_000;
/** Whoever is not heard for so long counts as gone. */
const leaseMs = 2_000;

/** Before the first answer: nobody knows how many there are, so nothing may be spent. */
const unknown: Company = { members: 1_000, settled: false };

/**
 * Shares rate limits with other instances, beside the calls, never on their way: once a second it
 * is told what was spent and is needed here, and heard what may be spent from now on. While that
 * fails, this instance keeps what it has.
 */
export class Shares {
  readonly #budgets: SharedBudgets;
  readonly #owner: string;
  readonly #log: Log;
  readonly #stakes = new Set<Stake>();
  readonly #stopped = new AbortController();
  #company = unknown;
  /** When it was first answered. */
  #since: number | undefined;
  #failed = false;
  #running: Promise<void> | undefined;

  constructor(options: { budgets: SharedBudgets; owner: string; log: Log }) {
    this.#budgets = options.budgets;
    this.#owner = options.owner;
    this.#log = options.log;
  }

  /** Takes a budget in. */
  enter(staked: Staked, now: number): Stake {
    const stake = new Stake(staked, this.#company, now);
    this.#stakes.add(stake);
    return stake;
  }

  /** Forgets a settled one. */
  leave(stake: Stake): void {
    this.#stakes.delete(stake);
  }

  /** Resolves when it was answered once, or failed once. */
  async start(): Promise<void> {
    await this.#divide();
    this.#running = this.#run();
  }

  /** Nothing is spent any more; what was held is free for the others at once. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    try {
      await this.#budgets.leave(this.#owner);
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
      await this.#divide();
    }
  }

  async #divide(): Promise<void> {
    const askedAt = performance.now();
    const told = [...this.#stakes].flatMap((stake) => {
      const account = stake.account(askedAt);
      return account === undefined ? [] : [{ stake, account }];
    });
    const lease = { owner: this.#owner, leaseMs };
    const sinceMs = this.#since === undefined ? 0 : askedAt - this.#since;
    try {
      const accounts = told.map(({ account }) => account);
      const { members, settled, shares } = await this.#budgets.divide(lease, sinceMs, accounts);
      const now = performance.now();
      this.#since ??= now;
      this.#company = { members, settled };
      for (const stake of this.#stakes) stake.meet(this.#company, now);
      for (const [i, { stake, account }] of told.entries()) stake.settle(account, shares[i], now);
      if (this.#failed) this.#log.info({ members }, 'budgets are shared again');
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#log.warn({ err: error }, 'budgets not shared; the last share is kept');
      this.#failed = true;
    }
  }
}
