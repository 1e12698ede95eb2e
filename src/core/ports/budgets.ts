// Tested by test/contract/budgets/budgets.test.ts
import type { Lease } from './store.ts';

/** One figure of a whole budget, as learned from a 429. */
interface Observation {
  readonly value: number;
  /** Time since it was learned, in milliseconds. */
  readonly ageMs: number;
}

export type Observations = Readonly<Partial<Record<'burst' | 'perSecond', Observation>>>;

/** What an instance has of one budget, and what it did with it since its last report. */
export interface BudgetReport {
  readonly key: string;
  /** Estimate of the whole budget: calls at once, at least 1, and calls a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** This instance's part of both now, and the calls that it could make at once. */
  readonly own: { readonly burst: number; readonly perSecond: number; readonly level: number };
  /** It had an allocation before. */
  readonly had: boolean;
  /** It has the whole budget: it was alone at its last report. */
  readonly whole: boolean;
  /** Calls made since the last report that was answered. */
  readonly spent: number;
  /** Weight of this instance, such as its count of replies; allocations are proportional to it. */
  readonly demand: number;
  /** Count of first and final texts that wait here, for which the reserve is. */
  readonly urgent: number;
  /** It no longer uses the budget, and keeps the minimum of an idle instance at most. */
  readonly leaves: boolean;
  /** Time until the platform takes calls again, in milliseconds; negative if that has passed. */
  readonly pauseMs: number;
  readonly lessons: Observations;
}

/** An instance's part of a budget from now on. */
export interface Allocation {
  /** Calls at once and calls a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** Calls that it may make beyond those that it had. */
  readonly gained: number;
  /** Most calls that it may keep; the others it gives back. */
  readonly most: number;
  /** Calls that are left of the whole budget, for all instances. */
  readonly left: number;
  /** Another instance has to wait for this long, in milliseconds: no calls are left here either. */
  readonly pauseMs?: number;
  readonly lessons: Observations;
}

export interface Allocations {
  /** Count of instances that spend the same budgets, this one included. */
  readonly members: number;
  /** All of them came since this one first did. Until then it has only what it is given. */
  readonly settled: boolean;
  /** In the order of the reports; absent for those that leave. */
  readonly shares: readonly (Allocation | undefined)[];
}

/**
 * Divides rate limits among the instances that spend them. Use it where instances share a store.
 *
 * Invariant: the sum of all allocations never exceeds the limit; calls that another instance still
 * has, or may have spent, are given to none.
 * 1. With several instances, 10 % of the burst is reserved for first and final texts.
 * 2. An idle instance keeps a minimum: 1 call or a quarter of an equal share, whichever is more (none
 *    if there are more instances than calls); all idle ones together keep 5 % of the rate.
 * 3. If an instance's share is below one call, instances take turns with a whole one.
 * 4. At 10 calls a second or more, each instance has 1 call at once and a part of the rate, from
 *    which those calls are subtracted as far as they exceed the burst.
 *
 * Example: of 50 calls at once and 5 a second, three instances with 6, 3 and 0 replies have about
 * 27, 14 and 4 calls at once; 5 are the reserve.
 */
export interface BudgetAllocator {
  /**
   * Reports what this instance has of all its budgets, and resolves to what it has from now on, in
   * one step. An instance that does not report within its lease is gone, and what it had counts as
   * spent. If none reported within a lease, as the store was away, each keeps what it had.
   *
   * The trap: after `StoreUnavailable` it may have happened or not, so the same is reported again.
   *
   * @param sinceMs time since this instance was first answered, in milliseconds; 0 if never
   */
  allocate(lease: Lease, sinceMs: number, reports: readonly BudgetReport[]): Promise<Allocations>;
  /** Says that this instance ends, so that the others need not wait for the end of its lease. */
  release(owner: string): Promise<void>;
}
