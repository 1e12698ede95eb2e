import type { Lease } from './store.ts';

/** What a refusal taught about one number of a whole budget. */
interface Observation {
  readonly value: number;
  /** How long ago it was learned, in milliseconds. */
  readonly ageMs: number;
}

export type Observations = Readonly<Partial<Record<'burst' | 'perSecond', Observation>>>;

/** What an instance has of a budget, and what it did with it since it was last heard. */
export interface BudgetReport {
  readonly key: string;
  /** The whole budget, as this instance believes it to be: calls at once, from 1, and a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** What it has of that at this moment, and the calls that it could make at once. */
  readonly own: { readonly burst: number; readonly perSecond: number; readonly level: number };
  /** It was given a share before. */
  readonly had: boolean;
  /** It has all of it: nobody was beside it when it was last answered. */
  readonly whole: boolean;
  /** Calls made since the last account that was answered. */
  readonly spent: number;
  /** How much depends on it here, such as a count of replies; shares follow it. */
  readonly demand: number;
  /** First and final texts that wait here: the shared reserve is theirs. */
  readonly urgent: number;
  /** It needs the budget no more, and keeps what is set aside for it at most. */
  readonly leaves: boolean;
  /** How long the platform wants no call yet; negative if that is over for so long. Milliseconds. */
  readonly pauseMs: number;
  readonly lessons: Observations;
}

/** What an instance has of a budget from now on. */
export interface Allocation {
  /** Calls at once and a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** Calls that it may make beyond those that it had, and how many it keeps in all at most. */
  readonly gained: number;
  readonly most: number;
  /** Calls that the whole budget has room for, whoever may make them. */
  readonly left: number;
  /** Another instance was told to wait so long; what this one had is void, too. Milliseconds. */
  readonly pauseMs?: number;
  readonly lessons: Observations;
}

export interface Allocations {
  /** Instances that spend the same budgets, with this one. */
  readonly members: number;
  /** All of them know that this one is there. Until then it has nothing but what it is given. */
  readonly settled: boolean;
  /** In the order of the accounts; absent for those that leave. */
  readonly shares: readonly (Allocation | undefined)[];
}

/**
 * Splits rate limits between instances that spend the same ones. What all of them hold is never
 * more than the whole: nobody is given what somebody else still has, or may have spent. Where there
 * are several, a tenth of the bucket is a reserve that only first and final texts have, and
 * something is set aside for those that do not use a budget now: for each, one call where `burst`
 * allows it, or a quarter of an even part of it if that is more; and a twentieth of the rate for all.
 * Whose part would be less than one call is lent a whole one in its turn, which the others hold back;
 * of a budget of many calls a second everybody has one at once and a part of the rate instead, from
 * which is taken what those are beyond the burst.
 */
export interface BudgetAllocator {
  /**
   * Tells what this instance holds and hears what it has from now on, for all its budgets in one
   * step. Whoever is not heard within its lease counts as gone, and what it had as spent; if nobody
   * was heard for so long, everybody keeps what they had.
   *
   * Throws `StoreUnavailable`; then it may or may not have happened, and the same is told again.
   *
   * @param sinceMs how long ago this instance was first answered, in milliseconds; 0 if never
   */
  allocate(lease: Lease, sinceMs: number, accounts: readonly BudgetReport[]): Promise<Allocations>;
  /** This instance is gone; the others need not wait for the end of its lease. */
  release(owner: string): Promise<void>;
}
