/** More than are written between a post and its answer. */
const maxRemembered = 10_000;

/** Where posts arrived, by the key that they were made with. */
export class Posts {
  readonly #pages = new Map<string, string>();

  add(key: string, page: string): void {
    if (this.#pages.size >= maxRemembered) {
      this.#pages.delete(this.#pages.keys().next().value ?? '');
    }
    this.#pages.set(key, page);
  }

  find(key: string): string | undefined {
    return this.#pages.get(key);
  }
}
