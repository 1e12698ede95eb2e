/** The messages that a reply is known to stand in. */
export class Standing {
  readonly #onStands: (ts: string) => void;
  /** The message of each page that is known to have one, by key. */
  readonly #pages = new Map<string, string>();
  readonly #messages = new Set<string>();

  /** @param onStands told of each message */
  constructor(onStands: (ts: string) => void) {
    this.#onStands = onStands;
  }

  /** The `ts` of the message that a page stands in. */
  of(key: string): string | undefined {
    return this.#pages.get(key);
  }

  get any(): boolean {
    return this.#messages.size > 0;
  }

  has(ts: string): boolean {
    return this.#messages.has(ts);
  }

  /** @param key of the page, where that is known */
  stands(ts: string, key?: string): void {
    if (key !== undefined) this.#pages.set(key, ts);
    this.#messages.add(ts);
    this.#onStands(ts);
  }

  /** No page stands in the message any more; returns the keys of those that did. */
  leave(ts: string): string[] {
    const keys = [...this.#pages].flatMap(([key, one]) => (one === ts ? [key] : []));
    for (const key of keys) this.#pages.delete(key);
    return keys;
  }

  /** The message is about to be deleted. */
  goes(ts: string): void {
    this.#messages.delete(ts);
  }
}
