/** Runs what belongs to one channel one after the other, and what belongs to others meanwhile. */
export class InOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** @param work deals with its own failures */
  run(channel: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(channel) ?? Promise.resolve();
    const done = before.then(work).finally(() => {
      if (this.#last.get(channel) === done) this.#last.delete(channel);
    });
    this.#last.set(channel, done);
    return done;
  }

  /** Resolves when nothing runs any more, or after `ms`. */
  async settled(ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), ms);
    await Promise.race([Promise.allSettled(this.#last.values()), late.promise]);
    clearTimeout(timer);
  }
}
