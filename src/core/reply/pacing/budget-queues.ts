import type { Budget } from '../../ports/surface.ts';
import { Line } from './budget-queue.ts';
import type { Shares } from './budget-sharing.ts';
import type { Want } from './call-request.ts';

/** Beyond this many budgets (a channel each, mostly) those that nobody needs are forgotten. */
const most = 1_000;

/** The lines of all budgets in use, by their keys. */
export class Lines<Waiting> {
  readonly #lines = new Map<string, Line<Waiting>>();
  readonly #shares: Shares | undefined;
  readonly #serve: (line: Line<Waiting>) => void;

  /**
   * @param options `shares`: where other instances spend the same budgets; `serve`: is told that
   * somebody who waits may have room now
   */
  constructor(options: { shares: Shares | undefined; serve: (line: Line<Waiting>) => void }) {
    this.#shares = options.shares;
    this.#serve = options.serve;
  }

  /** The line of a budget, with what the platform told since. */
  of(budget: Budget, now: number): Line<Waiting> {
    let line = this.#lines.get(budget.key);
    if (line === undefined) {
      if (this.#lines.size >= most) this.#forgetIdle(now);
      line = this.#begin(budget, now);
      this.#lines.set(budget.key, line);
    }
    line.look(budget, now);
    return line;
  }

  /** The line of the budget with the longest wait. Throws for a call that spends none. */
  slowest(want: Want, now: number): { line: Line<Waiting>; waitMs: number } {
    let slowest: { line: Line<Waiting>; waitMs: number } | undefined;
    for (const budget of want.budgets) {
      const line = this.of(budget, now);
      const waitMs = line.waitMs(now, want);
      if (slowest === undefined || waitMs > slowest.waitMs) slowest = { line, waitMs };
    }
    if (slowest === undefined) throw new Error('a call without budgets waits for none');
    return slowest;
  }

  /** How long until each of these budgets has room beyond what is kept of it, and for `ahead` others. */
  spareWaitMs(budgets: readonly Budget[], now: number, ahead: number): number {
    return Math.max(0, ...budgets.map((budget) => this.of(budget, now).spareWaitMs(now, ahead)));
  }

  /** Something was freed: those who wait are looked at, if anybody does. */
  mayHaveRoom(line: Line<Waiting>): void {
    if (line.waiting.size > 0) this.#serve(line);
  }

  #begin(budget: Budget, now: number): Line<Waiting> {
    const line = new Line<Waiting>(budget, now);
    line.stake = this.#shares?.enter(
      {
        key: budget.key,
        limiter: line.limiter,
        demand: () => line.demand,
        urgent: () => (line.waiting.size === 0 ? 0 : line.urgent),
        changed: () => this.mayHaveRoom(line),
      },
      now,
    );
    return line;
  }

  #forgetIdle(now: number): void {
    for (const [key, line] of this.#lines) {
      if (!line.isIdle(now)) continue;
      this.#lines.delete(key);
      if (line.stake !== undefined) this.#shares?.leave(line.stake);
    }
  }
}
