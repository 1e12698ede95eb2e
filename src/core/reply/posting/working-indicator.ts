import { withDeadline } from '../../timing.ts';
import { RateLimited, Rejected } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Surface, WorkingMark, WorkingState } from '../../ports/surface.ts';
import { userTexts } from '../../domain/user-texts.ts';

/** Time without text after which a placeholder is posted, in milliseconds, where there is no other sign. */
const placeholderAfterMs = 5_000;
/** Minimum time between two changes of the place in the queue, in milliseconds. */
const tellEveryMs = 1_000;
/** Delay of the next try after a failed one, in milliseconds, if the mark is not renewed before. */
const failedAgainMs = 5_000;

/**
 * Shows that somebody is working on the reply until its first text is there: the platform's own
 * mark, renewed before it fades; only where that cannot say enough, a placeholder message.
 */
export class WorkingIndicator {
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
  /** The last try failed: perhaps no sign is visible. */
  #failed = false;
  /** When the platform takes the next try, in milliseconds of `performance.now()`. */
  #notBefore = Number.NEGATIVE_INFINITY;

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

  update(state: WorkingState): void {
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
    const canSayIt = mark && (mark.tellsWaiting || this.#state.phase === 'thinking');
    const saysIt = canSayIt && !this.#failed;
    if (!this.#placeholderDue || saysIt) return;
    this.#showPlaceholder?.(
      this.#state.phase === 'waiting' ? userTexts.waiting(this.#state.ahead) : userTexts.thinking,
    );
  }

  #schedule(ms: number): void {
    if (this.#showing) return;
    clearTimeout(this.#timer);
    const pauseMs = this.#notBefore - performance.now();
    this.#timer = setTimeout(() => void this.#show(), Math.max(ms, pauseMs));
  }

  async #show(): Promise<void> {
    const mark = this.#surface.working;
    if (mark === undefined) return;
    const state = this.#state;
    this.#showing = true;
    this.#shownAt = performance.now();
    let againMs = mark.renewMs;
    try {
      await withDeadline(this.#surface.callTimeoutMs, this.#abort.signal, (signal) =>
        mark.show(state, signal),
      );
      this.#failed = false;
    } catch (error) {
      // A missing sign never holds up the answer.
      if (this.#abort.signal.aborted) return;
      this.#log.debug({ err: error }, 'working mark not shown');
      againMs = this.#fail(error, mark);
    } finally {
      this.#showing = false;
    }
    if (!this.#abort.signal.aborted)
      this.#schedule(state === this.#state ? againMs : Math.min(againMs, tellEveryMs));
  }

  /** Shows the placeholder instead; returns the time until the next try of the mark, in milliseconds. */
  #fail(error: unknown, mark: WorkingMark): number {
    this.#failed = true;
    this.#updatePlaceholder();
    if (error instanceof Rejected) return mark.renewMs;
    if (!(error instanceof RateLimited)) return Math.min(mark.renewMs, failedAgainMs);
    this.#notBefore = performance.now() + error.retryAfterMs;
    return tellEveryMs;
  }
}
