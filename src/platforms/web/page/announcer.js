/**
 * Tells a screen reader what happens: that Parley thinks, writes, and, once, the finished
 * answer. Reading every new word aloud would be noise.
 */
export class Announcer {
  #element;
  #turn;
  #said = '';

  constructor(element) {
    this.#element = element;
  }

  /** Nothing that was running before matters any more. */
  reset() {
    this.#turn = undefined;
    this.#said = '';
    this.#element.textContent = '';
  }

  running(turn, phase, line) {
    this.#turn = turn;
    this.#say(phase === 'writing' ? 'Parley is writing.' : line);
  }

  /** `finished(turn)` gives the whole answer of a turn that is over. */
  settled(finished) {
    if (this.#turn === undefined) return;
    const text = finished(this.#turn);
    if (text === undefined) return;
    this.#turn = undefined;
    this.#say(`Parley: ${text}`);
  }

  #say(text) {
    if (text === this.#said) return;
    this.#said = text;
    this.#element.textContent = text;
  }
}
