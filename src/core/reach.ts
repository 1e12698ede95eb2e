/** How much later, on average, one more turn at hand makes an instance reach for the next; at most. */
const reachMsPerJob = 4;
const slowestReachMs = 400;

/**
 * Reaches for what every instance hears of, and the first one takes: the less one has to do, or to
 * reach for, the sooner; by chance, as all of them hear of many questions in the same order.
 */
export class Reach {
  readonly #timers = new Set<NodeJS.Timeout>();

  /** How much is about to be reached for. */
  get count(): number {
    return this.#timers.size;
  }

  /** @param ahead how much else there is to do here */
  for(ahead: number, take: () => void): void {
    if (ahead === 0) {
      take();
      return;
    }
    const waitMs = Math.random() * Math.min(2 * ahead * reachMsPerJob, slowestReachMs);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      take();
    }, waitMs);
    this.#timers.add(timer);
  }

  /** Leaves it to the others. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
