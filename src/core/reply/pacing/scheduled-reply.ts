// Tested by test/unit/core/reply/live-reply.test.ts
import type { Log } from '../../ports/log.ts';
import type { Budget } from '../../ports/surface.ts';
import type { BudgetQueue, BudgetQueues } from './budget-queues.ts';
import { ReplyWaits, type WaitReason } from './reply-waits.ts';

/** One reply, as the pacer sees it. */
export interface ScheduledReply {
  /** The call that it would make now, if any. Cheap: it is asked often and must not render. */
  callRequest(): CallRequest | undefined;
  /**
   * Makes that call, with the newest text at this moment; resolves to false, at once, if there
   * is nothing to call for after all. Handles its own failures, but for `RateLimited`, which
   * it throws. The trap: it must end by itself, as the pacer has no timeout.
   */
  perform(variant: CallVariant): Promise<boolean>;
}

/** How a reply talks to the pacer. */
export interface PacerHandle {
  /** What the reply waits for, and waited for. */
  readonly waits: ReplyWaits;
  /** There may be a call to make now. Cheap: called for every delta. */
  changed(): void;
  /** Expected time from one update of the reply to its next, as things stand, in milliseconds. */
  updateIntervalMs(): number;
  /** The next call is more urgent than the one before. */
  moreUrgent(): void;
  /** The reply makes no call any more. */
  unregister(): void;
}

/** The budgets that a reply's final text will spend, and those that it may spend instead. */
export interface FinalEditBudgets {
  readonly own: readonly Budget[];
  readonly alternative: readonly Budget[];
  /** It has no choice: the text that people read now cannot stay. Cheap. */
  readonly needsEdit?: boolean;
}

/** Why a call is wanted, most urgent first. */
const priorities = ['first', 'final', 'live'] as const;

/** The next call that a reply would make. */
export interface CallRequest {
  /** A first post, a text that will not change any more, or one that still grows. */
  readonly priority: (typeof priorities)[number];
  /** Every budget that the call spends. */
  readonly budgets: readonly Budget[];
  /** Budgets that a final text may spend instead, if the wait would be long. */
  readonly alternativeBudgets?: readonly Budget[] | undefined;
  /** Since when there is text that people cannot see, in milliseconds of `performance.now()`. */
  readonly unseenSince: number;
  /** How much of it there is, in UTF-16 units. */
  readonly unseenChars: number;
  /** Not earlier than this, in milliseconds of `performance.now()`. */
  readonly notBefore: number;
  /** Why not sooner; `spacing` by default. */
  readonly notBeforeReason?: WaitReason | undefined;
}

/** How a call is to be made. */
export interface CallVariant {
  /** The alternative budgets were spent. */
  readonly useAlternative: boolean;
}

/** Added to the unseen text of each reply, in UTF-16 units: a single word that waits long counts, too. */
const leastChars = 20;

/** Most urgent first: by priority, then by unseen text times the time for which it was unseen. */
export function byUrgency(now: number): (a: CallRequest, b: CallRequest) => number {
  const weight = ({ unseenChars, unseenSince }: CallRequest): number =>
    (unseenChars + leastChars) * Math.max(0, now - unseenSince);
  return (a, b) =>
    priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || weight(b) - weight(a);
}

/** `ready`: to be asked in the next run; `queued`: a budget is short; `asleep`: until `notBefore`. */
type State = 'idle' | 'ready' | 'queued' | 'asleep' | 'calling' | 'gone';

/** A registered reply and its state at the pacer. */
export class ReplyState {
  readonly reply: ScheduledReply;
  /** What is reserved for its final text, from its first request on. */
  readonly reservation: FinalEditReservation<ReplyState>;
  readonly waits: ReplyWaits;
  /** Carries the ids of its turn and conversation. */
  readonly log: Log;
  /** When the platform takes its next call, where no budget is to blame. On the clock of `performance.now()`. */
  notBefore = 0;
  #state: State = 'idle';
  /** The queue that it waits in, if it does. */
  #queue: BudgetQueue<ReplyState> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(reply: ScheduledReply, reservation: FinalEditReservation<ReplyState>, log: Log) {
    this.reply = reply;
    this.reservation = reservation;
    this.log = log;
    this.waits = new ReplyWaits(log);
  }

  get state(): State {
    return this.#state;
  }

  /** Changes the state; the timer and the queue of the state before are left. */
  changeTo(state: State): void {
    clearTimeout(this.#timer);
    this.#queue?.waiting.delete(this);
    this.#queue = undefined;
    this.#state = state;
    if (state === 'idle' || state === 'gone') this.waits.end();
  }

  enqueue(queue: BudgetQueue<ReplyState>, reason: WaitReason): void {
    this.changeTo('queued');
    this.waits.begin(reason, queue.key);
    this.#queue = queue;
    queue.waiting.add(this);
  }

  sleep(ms: number, reason: WaitReason, wake: () => void): void {
    this.changeTo('asleep');
    this.waits.begin(reason);
    this.#timer = setTimeout(wake, Math.ceil(ms));
  }
}

/**
 * Counts one reply in the queues of the budgets that its final text will spend, and of those that
 * it may spend instead, so that calls are reserved for it.
 */
export class FinalEditReservation<Waiting> {
  readonly #budgets: FinalEditBudgets;
  readonly #queues: BudgetQueues<Waiting>;
  #begun = false;
  /** Key of the budget that it will spend; that may change. */
  #key: string | undefined;
  #own: readonly BudgetQueue<Waiting>[] = [];
  #others: readonly BudgetQueue<Waiting>[] = [];

  constructor(budgets: FinalEditBudgets, queues: BudgetQueues<Waiting>) {
    this.#budgets = budgets;
    this.#queues = queues;
  }

  /** The queues of its alternative budgets, as things stand; none if it has no choice. */
  get alternatives(): readonly BudgetQueue<Waiting>[] {
    return this.#budgets.needsEdit === true ? [] : this.#others;
  }

  /** Counts it where it belongs now. Cheap: called whenever the reply is asked for its request. */
  update(now: number): void {
    const { own } = this.#budgets;
    const key = own[0]?.key;
    if (this.#begun && key === this.#key) return;
    this.release();
    this.#begun = true;
    this.#key = key;
    this.#own = own.map((budget) => this.#queues.get(budget, now));
    this.#others = this.#budgets.alternative.map((budget) => this.#queues.get(budget, now));
    for (const queue of this.#own) queue.replies.add(this);
    for (const queue of this.#others) queue.alternativeUsers.add(this);
  }

  /** It is not counted any more. */
  release(): void {
    for (const queue of this.#others) queue.alternativeUsers.delete(this);
    for (const queue of this.#own) {
      queue.replies.delete(this);
      // What was reserved for it is there for the others.
      this.#queues.mayHaveRoom(queue);
    }
  }

  /** Expected time from one update of the reply to its next, in milliseconds. */
  updateIntervalMs(now: number): number {
    return Math.max(0, ...this.#own.map((queue) => queue.updateIntervalMs(now)));
  }
}
