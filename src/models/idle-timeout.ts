/**
 * Notices silence. It is set before each wait and rests while nobody waits, so that a slow
 * reader is never taken for a silent writer.
 */
export class Watchdog {
  readonly #onSilence: (limitMs: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onSilence: (limitMs: number) => void) {
    this.#onSilence = onSilence;
  }

  /** From now on, silence of `limitMs` milliseconds is reported, once. */
  watch(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onSilence(limitMs), limitMs);
  }

  /** Silence is fine until the next `watch`. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
