import { RateLimited } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Budget } from '../../ports/surface.ts';
import {
  byUrgency,
  type FinalEditBudgets,
  type ScheduledReply,
  type PacerHandle,
  ReplyState,
  FinalEditReservation,
  type CallRequest,
} from './scheduled-reply.ts';
import { type BudgetQueue, BudgetQueues } from './budget-queues.ts';
import type { BudgetSharing } from './budget-sharing.ts';

export type { ScheduledReply as Lane } from './scheduled-reply.ts';

/** A final text that would wait longer goes another way, if it has one, in milliseconds. */
const patienceMs = 1_000;
/** A line is looked at again after so long at the latest, in milliseconds. */
const longestSleepMs = 60_000;

/**
 * Decides which reply may call the platform next: at most one call in flight per reply, no more
 * calls than the budgets allow, the most urgent first. A reply that waits, sleeps or hangs never
 * holds up another one whose budget has room.
 *
 * Whoever is short waits in the line of the budget that is short. A line is looked at when
 * somebody joins it and when there may be room: what that costs grows with the calls that are
 * made, never with the deltas that arrive.
 */
export class Pacer {
  readonly #log: Log;
  readonly #queues: BudgetQueues<ReplyState>;
  /** To be looked at with the next pump. */
  readonly #ready = new Set<ReplyState>();
  readonly #due = new Set<BudgetQueue<ReplyState>>();
  #scheduled = false;

  /** @param options `shares`: where other instances spend the same budgets */
  constructor(options: { log: Log; shares?: BudgetSharing | undefined }) {
    this.#log = options.log;
    this.#queues = new BudgetQueues({
      shares: options.shares,
      serve: (line) => this.#markDue(line),
    });
  }

  /** @param finals something of what a final text will spend is kept for it */
  register(
    lane: ScheduledReply,
    finals: FinalEditBudgets = { own: [], alternative: [] },
  ): PacerHandle {
    const tally = new FinalEditReservation(finals, this.#queues);
    const slot = new ReplyState(lane, tally);
    return {
      changed: () => {
        if (slot.state === 'idle') this.#markReady(slot);
      },
      updateIntervalMs: () => tally.updateIntervalMs(performance.now()),
      moreUrgent: () => {
        if (['idle', 'short', 'asleep'].includes(slot.state)) this.#markReady(slot);
      },
      unregister: () => this.#unregister(slot),
    };
  }

  #unregister(slot: ReplyState): void {
    if (slot.state === 'gone') return;
    this.#ready.delete(slot);
    slot.changeTo('gone');
    slot.reservation.release();
  }

  #markReady(slot: ReplyState): void {
    slot.changeTo('ready');
    this.#ready.add(slot);
    this.#schedule();
  }

  #markDue(line: BudgetQueue<ReplyState>): void {
    this.#due.add(line);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  /** Puts those that are ready in line, and serves the lines where something changed. */
  #run(): void {
    const now = performance.now();
    const free: { slot: ReplyState; want: CallRequest }[] = [];
    for (const slot of this.#ready) {
      this.#ready.delete(slot);
      const want = this.#nextRequest(slot, now);
      if (want === undefined) continue;
      if (want.budgets.length === 0) free.push({ slot, want });
      else this.#enqueue(slot, this.#queues.slowest(want, now).line);
    }
    free.sort((a, b) => byUrgency(now)(a.want, b.want));
    for (const { slot, want } of free) this.#call(slot, want, now);
    // Those that move to another line are served there.
    for (const line of this.#due) {
      this.#due.delete(line);
      this.#serveQueue(line, now);
    }
  }

  /** What it wants now; it sleeps or idles if that is nothing now. */
  #nextRequest(slot: ReplyState, now: number): CallRequest | undefined {
    slot.reservation.update(now);
    const want = slot.reply.callRequest();
    if (slot.state === 'gone') return undefined;
    if (want === undefined) {
      slot.changeTo('idle');
      return undefined;
    }
    const sleepMs = Math.max(want.notBefore, slot.notBefore) - now;
    if (sleepMs <= 0) return want;
    slot.sleep(sleepMs, () => this.#markReady(slot));
    return undefined;
  }

  #enqueue(slot: ReplyState, line: BudgetQueue<ReplyState>): void {
    slot.enqueue(line);
    this.#due.add(line);
  }

  /** Lets everybody in the line call for whose budgets there is room, the most urgent first. */
  #serveQueue(line: BudgetQueue<ReplyState>, now: number): void {
    clearTimeout(line.timer);
    const wanting: { slot: ReplyState; want: CallRequest }[] = [];
    for (const slot of line.waiting) {
      const want = this.#nextRequest(slot, now);
      if (want !== undefined) wanting.push({ slot, want });
    }
    const order = byUrgency(now);
    wanting.sort((a, b) => order(a.want, b.want));
    let soonest = Number.POSITIVE_INFINITY;
    let ahead = 0;
    line.urgent = 0;
    for (const { slot, want } of wanting) {
      const slowest = this.#queues.slowest(want, now);
      const other = this.#alternative(want, ahead, now);
      const otherMs = other && this.#queues.slowest(other, now).waitMs;
      if (other !== undefined && otherMs === 0) {
        this.#call(slot, other, now, true);
      } else if (slowest.waitMs === 0) {
        this.#call(slot, want, now);
      } else if (slowest.line !== line) {
        this.#enqueue(slot, slowest.line);
      } else {
        soonest = Math.min(soonest, slowest.waitMs, otherMs ?? Number.POSITIVE_INFINITY);
        ahead += 1;
        if (want.priority !== 'live') line.urgent += 1;
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) {
      line.timer = setTimeout(
        () => this.#markDue(line),
        Math.min(longestSleepMs, Math.ceil(soonest)),
      );
    }
  }

  /** A final text that has another way leaves what is kept to those that have none. */
  #alternative(want: CallRequest, ahead: number, now: number): CallRequest | undefined {
    const { budgets, alternativeBudgets } = want;
    if (alternativeBudgets === undefined) return undefined;
    const shared = new Set(alternativeBudgets.map(({ key }) => key));
    const own = budgets.filter(({ key }) => !shared.has(key));
    if (this.#queues.spareWaitMs(own, now, ahead) <= patienceMs) return undefined;
    return { ...want, budgets: alternativeBudgets };
  }

  #call(slot: ReplyState, want: CallRequest, now: number, instead = false): void {
    const lines = want.budgets.map((budget) => this.#queues.get(budget, now));
    for (const line of lines) line.callStarted(now, want.priority === 'live');
    slot.changeTo('calling');
    const ended = (made: boolean): void => {
      for (const line of lines) {
        line.callEnded(made, now);
        if (line.oneAtATime) this.#queues.mayHaveRoom(line);
      }
    };
    slot.reply.perform({ useAlternative: instead }).then(
      (made) => {
        ended(made);
        if (slot.state === 'calling') this.#markReady(slot);
      },
      (error: unknown) => {
        ended(true);
        if (error instanceof RateLimited) {
          this.#rateLimited(slot, want.budgets, error, now);
        } else {
          // A lane that throws anything else is broken; asking it again would loop for ever.
          this.#log.error({ err: error }, 'reply lane broken');
        }
      },
    );
  }

  #rateLimited(
    slot: ReplyState,
    budgets: readonly Budget[],
    error: RateLimited,
    takenAt: number,
  ): void {
    const { retryAfterMs, budgetKey } = error;
    const now = performance.now();
    const spent = budgets.filter(({ key }) => budgetKey === undefined || key === budgetKey);
    for (const budget of spent) this.#queues.get(budget, now).rateLimited(now, error, takenAt);
    if (spent.length === 0) slot.notBefore = now + retryAfterMs;
    this.#log.warn({ budgets: budgets.map(({ key }) => key), retryAfterMs }, 'rate limited');
    if (slot.state === 'calling') this.#markReady(slot);
  }
}
