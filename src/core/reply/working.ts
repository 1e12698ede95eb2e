import { withDeadline } from '../deadline.ts';
import type { Log } from '../ports/log.ts';
import type { Surface, WorkingState } from '../ports/surface.ts';
import { sentences } from '../sentences.ts';

/** Before the first text, people who have no other sign get a placeholder after this long. */
const placeholderAfterMs = 5_000;
/** A changing place in line is not told more often than this. */
const tellEveryMs = 1_000;

/**
 * Shows that somebody is working on the reply until its first text is there: the platform's own
 * mark, renewed before it fades; only where that cannot say enough, a placeholder message.
 */
export class Working {
  readonly #surface: Surface;
  readonly #log: Log;
  readonly #abort = new AbortController();
  #showPlaceholder: ((text: string) => void) | undefined;
  #state: WorkingState = { phase: 'thinking' };
  #timer: NodeJS.Timeout | undefined;
  #placeholderTimer: NodeJS.Timeout | undefined;
  #placeholderDue = false;
  #shownAt = Number.NEGATIVE_INFINITY;
  #showing = false;

  constructor(options: { surface: Surface; log: Log }) {
    this.#surface = options.surface;
    this.#log = options.log;
  }

  /** @param showPlaceholder puts a text on the reply's first page until words replace it */
  start(showPlaceholder: (text: string) => void): void {
    this.#showPlaceholder = showPlaceholder;
    this.#placeholderTimer = setTimeout(() => {
      this.#placeholderDue = true;
      this.#updatePlaceholder();
    }, placeholderAfterMs);
    this.#schedule(0);
  }

  tell(state: WorkingState): void {
    if (this.#abort.signal.aborted) return;
    this.#state = state;
    this.#updatePlaceholder();
    this.#schedule(Math.max(0, this.#shownAt + tellEveryMs - performance.now()));
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#placeholderTimer);
    this.#abort.abort();
  }

  #updatePlaceholder(): void {
    const mark = this.#surface.working;
    const saysIt = mark && (mark.tellsWaiting || this.#state.phase === 'thinking');
    if (!this.#placeholderDue || saysIt) return;
    this.#showPlaceholder?.(
      this.#state.phase === 'waiting' ? sentences.waiting(this.#state.ahead) : sentences.thinking,
    );
  }

  #schedule(ms: number): void {
    if (this.#showing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#show(), ms);
  }

  async #show(): Promise<void> {
    const mark = this.#surface.working;
    if (mark === undefined) return;
    const state = this.#state;
    this.#showing = true;
    this.#shownAt = performance.now();
    try {
      await withDeadline(this.#surface.callTimeoutMs, this.#abort.signal, (signal) =>
        mark.show(state, signal),
      );
    } catch (error) {
      // A missing sign never holds up the answer.
      if (!this.#abort.signal.aborted) this.#log.debug({ err: error }, 'working mark not shown');
    } finally {
      this.#showing = false;
    }
    if (!this.#abort.signal.aborted)
      this.#schedule(state === this.#state ? mark.renewMs : tellEveryMs);
  }
}
