interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  gone: boolean;
}

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  now: performance.now.bind(performance),
};

/**
 * Runs what waits by `setTimeout` and `performance.now` as fast as it can: minutes of it in
 * seconds. Promises settle between two timers as they would in real time.
 */
export class VirtualTime {
  #now = 0;
  #orders = 0;
  /** A heap: the earliest first. */
  readonly #timers: Timer[] = [];

  /** Takes the place of the real clock until `run` is over. */
  async run(work: (time: VirtualTime) => Promise<unknown>): Promise<void> {
    const state = { over: false };
    let failed: unknown;
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0) => this.at(this.#now + Math.max(1, ms), run),
      clearTimeout: (timer?: Timer) => {
        if (timer !== undefined) timer.gone = true;
      },
    });
    performance.now = () => this.#now;
    try {
      const worked = work(this).catch((error: unknown) => (failed = error));
      void worked.finally(() => (state.over = true));
      await this.#settle();
      while (!state.over) {
        const first = this.#pop();
        if (first === undefined) throw new Error('nothing is left to wait for');
        this.#now = first.at;
        if (!first.gone) first.run();
        while (this.#timers[0]?.at === this.#now) {
          const next = this.#pop();
          if (next?.gone === false) next.run();
        }
        await this.#settle();
      }
    } finally {
      Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
      performance.now = real.now;
    }
    if (failed !== undefined) throw failed;
  }

  get now(): number {
    return this.#now;
  }

  at(at: number, run: () => void): Timer {
    const timer = { at: Math.max(at, this.#now), order: (this.#orders += 1), run, gone: false };
    this.#push(timer);
    return timer;
  }

  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.at(this.#now + ms, resolve));
  }

  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => real.setImmediate(resolve));
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (!before(timer, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
