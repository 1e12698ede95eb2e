import type { Log } from '../../ports/log.ts';
import type { Budget } from '../../ports/surface.ts';
import type { BudgetQueue, BudgetQueues } from './budget-queues.ts';
import { ReplyWaits, type WaitReason } from './reply-waits.ts';

/** One reply, as the pacer sees it. */
export interface ScheduledReply {
  /** The call that it wants to make, if any. Cheap: it is asked often and must not render. */
  callRequest(): CallRequest | undefined;
  /**
   * Makes that call, with the newest text at this moment; resolves to false, at once, if there
   * is nothing to call for after all. Deals with its own failures, but for `RateLimited`, which
   * it throws. Must end by itself.
   */
  perform(way: CallVariant): Promise<boolean>;
}

/** How a reply talks to the pacer. */
export interface PacerHandle {
  /** What the reply waits for, and waited for. */
  readonly waits: ReplyWaits;
  /** There may be something to do now. Cheap: called for every delta. */
  changed(): void;
  /** How long it is from one turn of a reply to its next, as things stand, in milliseconds. */
  updateIntervalMs(): number;
  /** What it wants is more urgent than what it wanted before. */
  moreUrgent(): void;
  unregister(): void;
}

/** The budgets that a lane's final text will spend, and those that it may spend instead. */
export interface FinalEditBudgets {
  readonly own: readonly Budget[];
  readonly alternative: readonly Budget[];
  /** It has no choice: what people read now cannot stay, whatever comes. Cheap. */
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
  /** What a final text may spend instead, if the wait would be long. */
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
  /** The budgets of `instead` were spent. */
  readonly useAlternative: boolean;
}

/** A word that waits long counts, too. */
const leastChars = 20;

/** Sorts first what is needed most: by rank, then by how much has been unseen for how long. */
export function byUrgency(now: number): (a: CallRequest, b: CallRequest) => number {
  const weight = (want: CallRequest): number =>
    (want.unseenChars + leastChars) * Math.max(0, now - want.unseenSince);
  return (a, b) =>
    priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || weight(b) - weight(a);
}

/** `ready`: to be looked at; `queued`: a budget is short; `asleep`: until its time comes. */
type State = 'idle' | 'ready' | 'queued' | 'asleep' | 'calling' | 'gone';

/** Where a reply stands with the pacer. */
export class ReplyState {
  readonly reply: ScheduledReply;
  /** Counts it, from its first want on. */
  readonly reservation: FinalEditReservation<ReplyState>;
  readonly waits: ReplyWaits;
  /** Carries the ids of its turn and conversation. */
  readonly log: Log;
  /** The platform asked for a pause, and no budget is to blame. On the clock of `performance.now()`. */
  notBefore = 0;
  #state: State = 'idle';
  /** Where it waits, if it is short. */
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

  /** Whether it is in this queue. */
  isQueuedIn(queue: BudgetQueue<ReplyState>): boolean {
    return this.#queue === queue;
  }

  /** Changes the state, and leaves what belonged to the one before. */
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
 * Counts one reply on the queues of the budgets that its final text will spend, and of those that
 * it may spend instead, so that something of them is kept for it.
 */
export class FinalEditReservation<Waiting> {
  readonly #finals: FinalEditBudgets;
  readonly #queues: BudgetQueues<Waiting>;
  #begun = false;
  /** The key of what it will spend; that may change. */
  #key: string | undefined;
  #own: readonly BudgetQueue<Waiting>[] = [];
  #others: readonly BudgetQueue<Waiting>[] = [];

  constructor(finals: FinalEditBudgets, queues: BudgetQueues<Waiting>) {
    this.#finals = finals;
    this.#queues = queues;
  }

  /** The queues of what it may spend instead, as things stand; none if it has no choice. */
  get alternatives(): readonly BudgetQueue<Waiting>[] {
    return this.#finals.needsEdit === true ? [] : this.#others;
  }

  /** Counts it where it belongs now. Cheap: called whenever the lane is asked. */
  update(now: number): void {
    const { own } = this.#finals;
    const key = own[0]?.key;
    if (this.#begun && key === this.#key) return;
    this.release();
    this.#begun = true;
    this.#key = key;
    this.#own = own.map((budget) => this.#queues.get(budget, now));
    this.#others = this.#finals.alternative.map((budget) => this.#queues.get(budget, now));
    for (const queue of this.#own) queue.replies.add(this);
    for (const queue of this.#others) queue.alternativeUsers.add(this);
  }

  /** It counts no more. */
  release(): void {
    for (const queue of this.#others) queue.alternativeUsers.delete(this);
    for (const queue of this.#own) {
      queue.replies.delete(this);
      // What was kept for it is there for the others.
      this.#queues.mayHaveRoom(queue);
    }
  }

  /** How long it is from one turn of the reply to its next, in milliseconds. */
  updateIntervalMs(now: number): number {
    return Math.max(0, ...this.#own.map((queue) => queue.updateIntervalMs(now)));
  }
}
