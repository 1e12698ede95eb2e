import type {
  BudgetReport,
  Allocations,
  Allocation,
  BudgetAllocator,
} from '../../../src/core/ports/budgets.ts';

/** A budget, and how much depends on it. */
export type InstanceDemand = Pick<BudgetReport, 'burst' | 'perSecond' | 'demand'>;

/** An instance that holds what it is given and spends what it is told to. */
export class BudgetInstance {
  /** How long it waits for others. */
  leaseMs = 20_000;
  members = 0;
  settled = false;
  own = { burst: 0, perSecond: 0, level: 0 };
  last: Allocation | undefined;
  readonly #budgets: BudgetAllocator;
  readonly #owner: string;
  #since: number | undefined;
  #filledAt = performance.now();
  #spent = 0;

  constructor(budgets: BudgetAllocator, owner: string) {
    this.#budgets = budgets;
    this.#owner = owner;
  }

  /** Comes with one account; `more` overrides what it says. */
  async comes(more: Partial<BudgetReport> = {}): Promise<Allocation | undefined> {
    const account: BudgetReport = {
      key: 'edits',
      burst: 40,
      // So slow that nothing comes in during a test.
      perSecond: 1e-6,
      own: this.own,
      had: this.last !== undefined,
      whole: false,
      spent: 0,
      demand: 1,
      urgent: 0,
      leaves: false,
      pauseMs: -1e9,
      lessons: {},
      ...more,
    };
    this.last = (await this.#allocate([account])).shares[0];
    if (this.last === undefined) {
      this.own = { burst: 0, perSecond: 0, level: 0 };
      return undefined;
    }
    const { burst, perSecond, gained, most } = this.last;
    const kept = this.last.pauseMs === undefined ? account.own.level : 0;
    this.own = { burst, perSecond, level: Math.min(burst, most, kept + gained) };
    return this.last;
  }

  /** Makes all the calls that it has room for; gives how many. */
  calls(): number {
    this.#fill();
    const calls = Math.floor(this.own.level + 1e-9);
    this.own = { ...this.own, level: this.own.level - calls };
    this.#spent += calls;
    return calls;
  }

  /** Comes with the calls that it made since it last came so, and would make more. */
  async tells(budget: InstanceDemand): Promise<void> {
    this.#fill();
    const spent = this.#spent;
    this.#spent = 0;
    await this.comes({ ...budget, urgent: budget.demand, own: this.own, spent });
  }

  async isThere(): Promise<void> {
    await this.#allocate([]);
  }

  spends(calls: number): Promise<Allocation | undefined> {
    this.own = { ...this.own, level: this.own.level - calls };
    return this.comes({ spent: calls });
  }

  leaves(): Promise<unknown> {
    return this.#budgets.release(this.#owner);
  }

  #fill(): void {
    const now = performance.now();
    const { burst, perSecond, level } = this.own;
    const gained = ((now - this.#filledAt) * perSecond) / 1_000;
    this.own = { burst, perSecond, level: Math.min(burst, level + gained) };
    this.#filledAt = now;
  }

  async #allocate(accounts: BudgetReport[]): Promise<Allocations> {
    const sinceMs = this.#since === undefined ? 0 : performance.now() - this.#since;
    const lease = { owner: this.#owner, leaseMs: this.leaseMs };
    const division = await this.#budgets.allocate(lease, sinceMs, accounts);
    this.#since ??= performance.now();
    this.members = division.members;
    this.settled = division.settled;
    return division;
  }
}
