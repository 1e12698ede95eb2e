interface Waiter {
  /** Returns whether it is served. */
  readonly look: () => boolean;
}

/** Waiting for something to become true, looked at whenever something happened. */
export class ConditionWaiter {
  readonly #waiters = new Set<Waiter>();
  #looking = false;

  /** Something happened. */
  check(): void {
    if (this.#looking || this.#waiters.size === 0) return;
    this.#looking = true;
    queueMicrotask(() => {
      this.#looking = false;
      for (const waiter of this.#waiters) if (waiter.look()) this.#waiters.delete(waiter);
    });
  }

  /**
   * Resolves to the first value that is neither undefined, null nor false. Throws what the
   * predicate throws, and when nothing came within `timeoutMs`.
   */
  until<T>(predicate: () => T, timeoutMs: number): Promise<Exclude<T, undefined | null | false>> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        look: () => {
          try {
            const value = predicate();
            if (value === undefined || value === null || value === false) return false;
            resolve(value as Exclude<T, undefined | null | false>);
          } catch (error) {
            reject(error);
          }
          clearTimeout(timer);
          return true;
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`it did not happen within ${timeoutMs} ms: ${String(predicate)}`));
      }, timeoutMs);
      if (!waiter.look()) this.#waiters.add(waiter);
    });
  }
}
