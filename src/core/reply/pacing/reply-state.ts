import type { Lane } from './scheduled-reply.ts';
import type { Line } from './budget-queue.ts';
import type { Tally } from './final-edit-reservation.ts';

/** `ready`: to be looked at; `short`: its budget is spent; `asleep`: until its time comes. */
type State = 'idle' | 'ready' | 'short' | 'asleep' | 'calling' | 'gone';

/** Where a reply stands with the pacer. */
export class Slot {
  readonly lane: Lane;
  /** Counts it, from its first want on. */
  readonly tally: Tally<Slot>;
  /** The platform asked for a pause, and no budget is to blame. On the clock of `performance.now()`. */
  notBefore = 0;
  #state: State = 'idle';
  /** Where it waits, if it is short. */
  #line: Line<Slot> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(lane: Lane, tally: Tally<Slot>) {
    this.lane = lane;
    this.tally = tally;
  }

  get state(): State {
    return this.#state;
  }

  /** Whether it is in this line. */
  waitsIn(line: Line<Slot>): boolean {
    return this.#line === line;
  }

  /** Changes the state, and leaves what belonged to the one before. */
  become(state: State): void {
    clearTimeout(this.#timer);
    this.#line?.waiting.delete(this);
    this.#line = undefined;
    this.#state = state;
  }

  join(line: Line<Slot>): void {
    this.become('short');
    this.#line = line;
    line.waiting.add(this);
  }

  sleep(ms: number, wake: () => void): void {
    this.become('asleep');
    this.#timer = setTimeout(wake, Math.ceil(ms));
  }
}
