/**
 * Texts for screen readers: that Parley thinks, that it writes, and the finished answer once.
 * Every new word aloud would be noise.
 */
export class Announcer {
  #element;
  #turn;
  #announced = '';

  constructor(element) {
    this.#element = element;
  }

  reset() {
    this.#turn = undefined;
    this.#announced = '';
    this.#element.textContent = '';
  }

  announceRunning(turn, phase, line) {
    this.#turn = turn;
    this.#announce(phase === 'writing' ? 'Parley is writing.' : line);
  }

  /** `finished(turn)` gives the whole answer of a finished turn. */
  announceFinished(finished) {
    if (this.#turn === undefined) return;
    const text = finished(this.#turn);
    if (text === undefined) return;
    this.#turn = undefined;
    this.#announce(`Parley: ${text}`);
  }

  #announce(text) {
    if (text === this.#announced) return;
    this.#announced = text;
    this.#element.textContent = text;
  }
}
