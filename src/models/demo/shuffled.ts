/** Deals the cards of a deck in random order, each once before any comes again. */
export class Deck<T> {
  readonly #cards: readonly T[];
  readonly #random: () => number;
  #rest: T[] = [];
  #last: T | undefined;

  /** At least one card; `random` gives numbers from 0 up to, not including, 1. */
  constructor(cards: readonly T[], random: () => number) {
    this.#cards = cards;
    this.#random = random;
  }

  deal(): T {
    if (this.#rest.length === 0) this.#rest = this.#shuffled();
    const card = this.#rest.pop();
    if (card === undefined) throw new Error('a deck without cards');
    this.#last = card;
    return card;
  }

  #shuffled(): T[] {
    const cards = [...this.#cards];
    for (let place = cards.length - 1; place > 0; place -= 1) {
      const other = Math.floor(this.#random() * (place + 1));
      [cards[place], cards[other]] = [cards[other] as T, cards[place] as T];
    }
    // The last card of one round must not open the next.
    const [first] = cards;
    if (cards.at(-1) === this.#last && first !== undefined) {
      cards[0] = cards.at(-1) as T;
      cards[cards.length - 1] = first;
    }
    return cards;
  }
}
