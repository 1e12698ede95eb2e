import type { Budget } from '../../ports/surface.ts';
import type { Shares, Stake } from './budget-sharing.ts';
import type { Want } from './scheduled-reply.ts';
import type { RateLimited } from '../../domain/errors.ts';
import { Limiter } from './rate-limiter.ts';
import { Pace } from './edit-spacing.ts';

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

/** At least this share of a burst is kept for final texts, where there are so many replies. */
const leastKept = 0.05;

/**
 * A text of several ripens for this share of the time between two turns: when many replies begin
 * together they have little to show at first, and all of them would be stale later.
 */
const leastRipe = 0.5;

/** A final text may wait so long behind others, in seconds. */
const soonSeconds = 0.5;

/** How often it is counted how much is kept. */
const countEveryMs = 50;

/** A reply that will spend the budget with its final text. */
interface Reply<Waiting> {
  /** Other budgets that it may spend instead, all of them. */
  readonly others: readonly Line<Waiting>[];
}

/** Those that wait for one budget, and what there is of it. */
export class Line<Waiting> {
  readonly waiting = new Set<Waiting>();
  /** When somebody in it may have room. */
  timer: NodeJS.Timeout | undefined;
  /** Replies whose final text will spend this budget, and those that may spend it instead. */
  readonly replies = new Set<Reply<Waiting>>();
  readonly guests = new Set<Reply<Waiting>>();
  /** Of those in it, how many have a first or a final text. */
  urgent = 0;
  /** Absent where nobody else spends the budget. */
  stake: Stake | undefined;
  #kept = { at: Number.NaN, calls: 0 };
  readonly limiter: Limiter;
  readonly #pace: Pace;
  #budget: Budget;
  #calls = 0;

  constructor(budget: Budget, now: number) {
    this.#budget = budget;
    this.limiter = new Limiter(budget, now);
    this.#pace = new Pace(this.limiter);
  }

  /** How much depends on the budget here. */
  get demand(): number {
    return Math.max(this.replies.size + this.guests.size, this.waiting.size);
  }

  get oneAtATime(): boolean {
    return this.#budget.oneAtATime === true;
  }

  /** Nobody needs it, and a new one would know the same. */
  isIdle(now: number): boolean {
    const unused = this.waiting.size + this.replies.size + this.guests.size + this.#calls === 0;
    if (!unused || !this.limiter.isFull(now)) return false;
    return !this.limiter.isTaught(now) && this.stake?.isSettled !== false;
  }

  /** The budget as it stands now, with what the platform told since. */
  look(budget: Budget, now: number): void {
    if (budget.burst !== this.#budget.burst || budget.perSecond !== this.#budget.perSecond) {
      this.limiter.resize(budget.burst, budget.perSecond, now);
    }
    this.#budget = budget;
    this.limiter.tell(budget.told);
  }

  /**
   * How long until a call may be made: infinitely while another one holds the place. Texts that
   * still grow leave something for the final ones.
   */
  waitMs(now: number, { rank, unseenSince }: Pick<Want, 'rank' | 'unseenSince'>): number {
    if (this.oneAtATime && this.#calls > 0) return Number.POSITIVE_INFINITY;
    if (rank !== 'live') return this.limiter.waitMs(now);
    const kept = this.#keptAt(now);
    const turn = (this.replies.size - 1) * leastRipe;
    return Math.max(this.#pace.waitMs(now, kept), this.#pace.ripeMs(now, kept, turn, unseenSince));
  }

  /** How long until a call may be made that leaves what is kept, and `ahead` others. */
  spareWaitMs(now: number, ahead: number): number {
    return this.limiter.spareWaitMs(now, this.#keptAt(now) + ahead);
  }

  /** How long it is from one turn of a reply to its next. */
  turnMs(now: number): number {
    return this.#pace.expectedMs(now, this.#keptAt(now)) * this.replies.size;
  }

  take(now: number, grows: boolean): void {
    this.#calls += 1;
    this.limiter.take(now);
    this.#pace.take(now, grows);
  }

  /** @param made false if no call was made after all; `takenAt`: when it was taken */
  ended(made: boolean, takenAt: number): void {
    this.#calls -= 1;
    if (!made) {
      this.limiter.undo();
      this.#pace.undo();
    }
    this.limiter.ended(takenAt);
  }

  refuse(now: number, { retryAfterMs, unsent }: RateLimited, takenAt: number): void {
    if (unsent) this.limiter.pause(now, retryAfterMs);
    else this.limiter.refuse(now, retryAfterMs, takenAt);
  }

  /** Calls for each reply that may spend this budget instead of its own. */
  #share(now: number): number {
    return this.limiter.room(now) / Math.max(1, this.guests.size);
  }

  /** As many calls as there are final texts that have no other way, as far as can be kept. */
  #keptAt(now: number): number {
    if (!(now - this.#kept.at < countEveryMs)) {
      let calls = 0;
      for (const { others } of this.replies) {
        const shares = others.map((line) => line.#share(now));
        calls += others.length === 0 ? 1 : 1 - Math.min(1, Math.max(0, Math.min(...shares)));
      }
      const burst = this.limiter.burst(now);
      const least = Math.min(this.replies.size, Math.max(1, Math.floor(burst * leastKept)));
      // What comes in soon need not be kept.
      const soon = Math.max(least, calls) - this.limiter.perSecond(now) * soonSeconds;
      this.#kept = { at: now, calls: Math.max(0, Math.min(burst - 1, soon)) };
    }
    return this.#kept.calls;
  }
}
