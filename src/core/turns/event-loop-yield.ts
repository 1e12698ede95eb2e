/** How long words may be taken in before timers and sockets have their turn, in milliseconds. */
const breathEveryMs = 8;

/**
 * Keeps the event loop alive while many answers stream in. Words that are there already arrive
 * through promises alone, which timers and sockets have to wait for: with 500 fast streams no
 * edit was sent for seconds. All turns of a process share one. Long messages that come in at once
 * have one of their own.
 */
export class Breather {
  #breath: Promise<void> | undefined;
  #since = 0;
  #line: Promise<void> = Promise.resolve();

  /** To be awaited between two words; undefined while there is time left. */
  due(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#breath === undefined) {
      this.#since = now;
      this.#breath = new Promise((resolve) => {
        setImmediate(() => {
          this.#breath = undefined;
          resolve();
        });
      });
    }
    return now - this.#since < breathEveryMs ? undefined : this.#breath;
  }
  /**
   * Resolves once there is time left, for one after the other: what somebody does at once, before
   * they wait for anything else, counts before the next one's turn.
   */
  free(): Promise<void> {
    this.#line = this.#line.then(async () => {
      for (let due = this.due(); due !== undefined; due = this.due()) await due;
    });
    return this.#line;
  }
}
