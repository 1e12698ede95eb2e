import type { Finals } from './scheduled-reply.ts';
import type { Line } from './budget-queue.ts';
import type { Lines } from './budget-queues.ts';

/**
 * Counts one reply on the lines of the budgets that its final text will spend, and of those that
 * it may spend instead, so that something of them is kept for it.
 */
export class Tally<Waiting> {
  readonly #finals: Finals;
  readonly #lines: Lines<Waiting>;
  #begun = false;
  /** The key of what it will spend; that may change. */
  #key: string | undefined;
  #own: readonly Line<Waiting>[] = [];
  #others: readonly Line<Waiting>[] = [];

  constructor(finals: Finals, lines: Lines<Waiting>) {
    this.#finals = finals;
    this.#lines = lines;
  }

  /** The lines of what it may spend instead, as things stand; none if it has no choice. */
  get others(): readonly Line<Waiting>[] {
    return this.#finals.owesEdit === true ? [] : this.#others;
  }

  /** Counts it where it belongs now. Cheap: called whenever the lane is asked. */
  renew(now: number): void {
    const { own } = this.#finals;
    const key = own[0]?.key;
    if (this.#begun && key === this.#key) return;
    this.leave();
    this.#begun = true;
    this.#key = key;
    this.#own = own.map((budget) => this.#lines.of(budget, now));
    this.#others = this.#finals.instead.map((budget) => this.#lines.of(budget, now));
    for (const line of this.#own) line.replies.add(this);
    for (const line of this.#others) line.guests.add(this);
  }

  /** It counts no more. */
  leave(): void {
    for (const line of this.#others) line.guests.delete(this);
    for (const line of this.#own) {
      line.replies.delete(this);
      // What was kept for it is there for the others.
      this.#lines.mayHaveRoom(line);
    }
  }

  /** How long it is from one turn of the reply to its next, in milliseconds. */
  turnMs(now: number): number {
    return Math.max(0, ...this.#own.map((line) => line.turnMs(now)));
  }
}
