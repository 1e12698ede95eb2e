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
import { type BudgetQueue, BudgetQueues, type QueueWait } from './budget-queues.ts';
import type { BudgetSharing } from './budget-sharing.ts';

/** Longest wait of a final text before it spends its alternative budgets, in milliseconds. */
const patienceMs = 1_000;
/** Longest time until a queue is looked at again, in milliseconds. */
const longestSleepMs = 60_000;

/**
 * Decides which reply may call the platform next: at most one call in flight per reply, no more
 * calls than the budgets allow, the most urgent first. A reply that waits, sleeps or hangs never
 * holds up another one whose budget has room.
 *
 * A reply waits in the queue of the budget that is short. A queue is served when a reply joins it
 * and when there may be room: the cost grows with the calls that are made, never with the deltas
 * that arrive. Each wait is logged with its reason (`ReplyWaits`).
 */
export class Pacer {
  readonly #log: Log;
  readonly #queues: BudgetQueues<ReplyState>;
  /** Replies and queues to look at in the next run. */
  readonly #ready = new Set<ReplyState>();
  readonly #due = new Set<BudgetQueue<ReplyState>>();
  #scheduled = false;

  /** @param options `sharing`: set where other instances spend the same budgets */
  constructor(options: { log: Log; sharing?: BudgetSharing | undefined }) {
    this.#log = options.log;
    this.#queues = new BudgetQueues({
      sharing: options.sharing,
      serve: (queue) => this.#markDue(queue),
    });
  }

  /**
   * @param finalEdits something of these budgets is reserved for the reply's final text
   * @param log carries the ids of the reply's turn and conversation
   */
  register(
    reply: ScheduledReply,
    finalEdits: FinalEditBudgets = { own: [], alternative: [] },
    log: Log = this.#log,
  ): PacerHandle {
    const reservation = new FinalEditReservation(finalEdits, this.#queues);
    const state = new ReplyState(reply, reservation, log);
    return {
      waits: state.waits,
      changed: () => {
        if (state.state === 'idle') this.#markReady(state);
      },
      updateIntervalMs: () => reservation.updateIntervalMs(performance.now()),
      moreUrgent: () => {
        if (['idle', 'queued', 'asleep'].includes(state.state)) this.#markReady(state);
      },
      unregister: () => this.#unregister(state),
    };
  }

  #unregister(state: ReplyState): void {
    if (state.state === 'gone') return;
    this.#ready.delete(state);
    state.changeTo('gone');
    state.reservation.release();
  }

  #markReady(state: ReplyState): void {
    state.changeTo('ready');
    this.#ready.add(state);
    this.#schedule();
  }

  #markDue(queue: BudgetQueue<ReplyState>): void {
    this.#due.add(queue);
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

  /** Queues the replies that are ready, and serves the queues where something changed. */
  #run(): void {
    const now = performance.now();
    const free: { state: ReplyState; request: CallRequest }[] = [];
    for (const state of this.#ready) {
      this.#ready.delete(state);
      const request = this.#nextRequest(state, now);
      if (request === undefined) continue;
      if (request.budgets.length === 0) free.push({ state, request });
      else this.#enqueue(state, this.#queues.longestWait(request, now));
    }
    free.sort((a, b) => byUrgency(now)(a.request, b.request));
    for (const { state, request } of free) this.#call(state, request, now);
    // A reply that moves to another queue is served there.
    for (const queue of this.#due) {
      this.#due.delete(queue);
      this.#serveQueue(queue, now);
    }
  }

  /** The call that the reply would make now; without one it sleeps or idles. */
  #nextRequest(state: ReplyState, now: number): CallRequest | undefined {
    state.reservation.update(now);
    const request = state.reply.callRequest();
    if (state.state === 'gone') return undefined;
    if (request === undefined) {
      state.changeTo('idle');
      return undefined;
    }
    const { notBefore, notBeforeReason = 'spacing' } = request;
    const sleepMs = Math.max(notBefore, state.notBefore) - now;
    if (sleepMs <= 0) return request;
    const reason = state.notBefore > notBefore ? 'rate limit' : notBeforeReason;
    state.sleep(sleepMs, reason, () => this.#markReady(state));
    return undefined;
  }

  #enqueue(state: ReplyState, { queue, reason }: QueueWait<ReplyState>): void {
    state.enqueue(queue, reason);
    this.#due.add(queue);
  }

  /** Makes the calls of a queue for whose budgets there is room, the most urgent first. */
  #serveQueue(queue: BudgetQueue<ReplyState>, now: number): void {
    clearTimeout(queue.timer);
    const requests: { state: ReplyState; request: CallRequest }[] = [];
    for (const state of queue.waiting) {
      const request = this.#nextRequest(state, now);
      if (request !== undefined) requests.push({ state, request });
    }
    const order = byUrgency(now);
    requests.sort((a, b) => order(a.request, b.request));
    let soonest = Number.POSITIVE_INFINITY;
    let ahead = 0;
    queue.urgent = 0;
    for (const { state, request } of requests) {
      const longest = this.#queues.longestWait(request, now);
      const other = this.#alternative(request, ahead, now);
      const otherMs = other && this.#queues.longestWait(other, now).ms;
      if (other !== undefined && otherMs === 0) {
        this.#call(state, other, now, true);
      } else if (longest.ms === 0) {
        this.#call(state, request, now);
      } else if (longest.queue !== queue) {
        this.#enqueue(state, longest);
      } else {
        state.waits.begin(longest.reason, queue.key);
        soonest = Math.min(soonest, longest.ms, otherMs ?? Number.POSITIVE_INFINITY);
        ahead += 1;
        if (request.priority !== 'live') queue.urgent += 1;
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) {
      queue.timer = setTimeout(
        () => this.#markDue(queue),
        Math.min(longestSleepMs, Math.ceil(soonest)),
      );
    }
  }

  /** The request with its alternative budgets, where a final text would wait long for its own. */
  #alternative(request: CallRequest, ahead: number, now: number): CallRequest | undefined {
    const { budgets, alternativeBudgets } = request;
    if (alternativeBudgets === undefined) return undefined;
    const shared = new Set(alternativeBudgets.map(({ key }) => key));
    const own = budgets.filter(({ key }) => !shared.has(key));
    if (this.#queues.spareWaitMs(own, now, ahead) <= patienceMs) return undefined;
    return { ...request, budgets: alternativeBudgets };
  }

  #call(state: ReplyState, request: CallRequest, now: number, useAlternative = false): void {
    const queues = request.budgets.map((budget) => this.#queues.get(budget, now));
    for (const queue of queues) queue.callStarted(now, request.priority === 'live');
    state.changeTo('calling');
    state.waits.begin('own call');
    const ended = (made: boolean): void => {
      for (const queue of queues) {
        queue.callEnded(made, now);
        if (queue.oneAtATime) this.#queues.mayHaveRoom(queue);
      }
    };
    state.reply.perform({ useAlternative }).then(
      (made) => {
        ended(made);
        if (state.state === 'calling') this.#markReady(state);
      },
      (error: unknown) => {
        ended(true);
        if (error instanceof RateLimited) {
          this.#rateLimited(state, request.budgets, error, now);
        } else {
          // A mistake in this program: to ask the reply again would loop for ever.
          state.log.error({ err: error }, 'reply not updated any more');
        }
      },
    );
  }

  #rateLimited(
    state: ReplyState,
    budgets: readonly Budget[],
    error: RateLimited,
    calledAt: number,
  ): void {
    const { retryAfterMs, budgetKey } = error;
    const now = performance.now();
    const spent = budgets.filter(({ key }) => budgetKey === undefined || key === budgetKey);
    for (const budget of spent) this.#queues.get(budget, now).rateLimited(now, error, calledAt);
    if (spent.length === 0) state.notBefore = now + retryAfterMs;
    state.log.warn({ budgets: budgets.map(({ key }) => key), retryAfterMs }, 'rate limited');
    if (state.state === 'calling') this.#markReady(state);
  }
}
