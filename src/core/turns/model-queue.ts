/** A question that waits for a slot. */
interface Waiter {
  readonly person: string;
  readonly onAhead: (ahead: number) => void;
  readonly enter: () => void;
}

/**
 * The line in front of the model: at most `places` answers are written at once. Fair per person:
 * whoever has the fewest answers being written goes first, and among equals they take turns, so
 * that one person's many questions hold nobody else up.
 */
export class ModelQueue {
  /** Answers that may be written at the same time. */
  readonly slots: number;
  readonly #writing = new Map<string, number>();
  /** The people who wait, in the order of their turns; each with their questions in order. */
  readonly #waiting = new Map<string, Waiter[]>();
  #taken = 0;

  /** @param places from 1 */
  constructor(places: number) {
    this.slots = places;
  }

  /** Answers that are being written. */
  get writing(): number {
    return this.#taken;
  }

  /** Questions that wait. The cost grows with the number of people. */
  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, waiters) => sum + waiters.length, 0);
  }

  /**
   * Resolves to the function that gives the place back, once there is one. `onAhead` hears how
   * many questions come before, at once and whenever that changes; not at all if there is no
   * line. Throws the signal's reason if it aborts while waiting.
   */
  async acquire(
    person: string,
    onAhead: (ahead: number) => void,
    signal: AbortSignal,
  ): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.slots) return this.#take(person);
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const waiter: Waiter = { person, onAhead, enter: () => resolve(this.#take(person)) };
    const onAbort = (): void => {
      this.#leaveLine(waiter);
      this.#tellAll();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.set(person, [...(this.#waiting.get(person) ?? []), waiter]);
    this.#tellAll();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #take(person: string): () => void {
    this.#taken += 1;
    this.#writing.set(person, (this.#writing.get(person) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      const writing = (this.#writing.get(person) ?? 1) - 1;
      if (writing > 0) this.#writing.set(person, writing);
      else this.#writing.delete(person);
      this.#admit();
    };
  }

  #admit(): void {
    const next = this.#order()[0];
    if (next === undefined || this.#taken >= this.slots) return;
    this.#leaveLine(next);
    next.enter();
    this.#tellAll();
  }

  /** The person of a served question goes to the end, with the questions that are left. */
  #leaveLine(waiter: Waiter): void {
    const left = this.#waiting.get(waiter.person)?.filter((other) => other !== waiter) ?? [];
    this.#waiting.delete(waiter.person);
    if (left.length > 0) this.#waiting.set(waiter.person, left);
  }

  #tellAll(): void {
    for (const [ahead, waiter] of this.#order().entries()) waiter.onAhead(ahead);
  }

  /** The order of the waiting questions, as things stand. */
  #order(): Waiter[] {
    const ranked = Array.from(this.#waiting, ([person, waiters], turn) => {
      const writing = this.#writing.get(person) ?? 0;
      return waiters.map((waiter, place) => ({ waiter, round: writing + place, turn }));
    }).flat();
    ranked.sort((a, b) => a.round - b.round || a.turn - b.turn);
    return ranked.map(({ waiter }) => waiter);
  }
}
