const beatMs = 10_000;
/** A busy loop is late by seconds; a machine that was suspended, by more than this. */
const gapMs = 60_000;

/** Notices that the machine was suspended: its connections seem alive, and heard nothing. */
export class Naps {
  readonly #onAwake: (sinceMs: number) => void;
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onAwake told when it was last known to be awake, in milliseconds since the epoch */
  constructor(onAwake: (sinceMs: number) => void) {
    this.#onAwake = onAwake;
  }

  start(): void {
    this.stop();
    this.#beatAt = Date.now();
    this.#timer = setInterval(() => this.#beat(), beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const before = this.#beatAt;
    this.#beatAt = Date.now();
    if (this.#beatAt - before > gapMs) this.#onAwake(before);
  }
}
