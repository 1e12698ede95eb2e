/** Beyond this many, what came first is forgotten. */
const maxKnown = 10_000;

/** What is done once for each id, such as a word to whoever wrote a message that comes again. */
export class Once {
  readonly #known = new Set<string>();

  /** True the first time. */
  isFirst(id: string): boolean {
    if (this.#known.has(id)) return false;
    if (this.#known.size >= maxKnown) this.#known.delete(this.#known.values().next().value ?? '');
    this.#known.add(id);
    return true;
  }
}
