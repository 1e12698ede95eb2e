import type { WorkingMark, WorkingState } from '../../../core/ports/surface.ts';

/** Discord shows it for ten seconds. */
const renewMs = 8_000;

/** "Parley is typing…", until a message is posted. */
export class Typing implements WorkingMark {
  readonly renewMs = renewMs;
  readonly tellsWaiting = false;
  readonly #type: (signal: AbortSignal) => Promise<void>;

  constructor(type: (signal: AbortSignal) => Promise<void>) {
    this.#type = type;
  }

  show(_state: WorkingState, signal: AbortSignal): Promise<void> {
    return this.#type(signal);
  }
}
