import type { ReportedLimit } from '../../ports/surface.ts';

/**
 * A rate limit as the platform tells it: so many calls in a window that begins with the first of
 * them. Between two tellings the own calls are counted. Times are in milliseconds of
 * `performance.now()`.
 */
export class ReportedWindow {
  #limit: number;
  #left: number;
  #resetsAt: number;
  #reportedAt: number;
  #lengthMs = 0;
  #slides = false;
  /** That length is a window's, and not that of a pause after a refusal. */
  #measured = false;
  /** Calls that were in flight at the telling: perhaps counted in it, perhaps not. */
  #unsure: number;

  /** @param inFlight when each call was made that has no answer yet */
  constructor(told: ReportedLimit, inFlight: readonly number[]) {
    this.#limit = this.#left = this.#resetsAt = this.#unsure = 0;
    this.#reportedAt = Number.NEGATIVE_INFINITY;
    this.update(told, inFlight);
  }

  update(told: ReportedLimit, inFlight: readonly number[]): void {
    if (told.at <= this.#reportedAt) return;
    this.#reportedAt = told.at;
    this.#limit = Math.max(1, told.limit);
    this.#left = told.left;
    this.#resetsAt = told.resetsAt;
    // Where the window slides, those that hang have left it, counted or not.
    const since = told.at - (told.slidesMs ?? Number.POSITIVE_INFINITY);
    this.#unsure = inFlight.filter((takenAt) => takenAt > since).length;
    this.#measure(told);
  }

  get limit(): number {
    return this.#limit;
  }

  /** When the window ends that is open now; in the past if none is. */
  get resetsAt(): number {
    return this.#resetsAt;
  }

  get perSecond(): number {
    return (this.#limit * 1_000) / Math.max(1, this.#lengthMs);
  }

  get lengthMs(): number {
    return this.#lengthMs;
  }

  /** Each call's place in it is free again by itself. */
  get slides(): boolean {
    return this.#slides;
  }

  left(now: number): number {
    return now >= this.#resetsAt ? this.#limit : this.#left - this.#unsure;
  }

  callStarted(now: number): void {
    if (now >= this.#resetsAt) {
      this.#left = this.#limit;
      this.#unsure = 0;
      this.#resetsAt = now + this.#lengthMs;
    }
    this.#left -= 1;
  }

  callUndone(): void {
    this.#left += 1;
  }

  /** A call is over: if it was in flight at the telling, then it is counted there. */
  callEnded(): void {
    this.#unsure = Math.max(0, this.#unsure - 1);
  }

  /** Nothing is left, whatever was told. */
  exhaust(until: number): void {
    this.#left = 0;
    this.#resetsAt = Math.max(this.#resetsAt, until);
  }

  /** Where nothing is left, the platform may have asked for a pause that is longer than a window. */
  #measure({ at, left, resetsAt, slidesMs }: ReportedLimit): void {
    this.#slides = slidesMs !== undefined;
    if (slidesMs !== undefined) {
      this.#lengthMs = slidesMs;
      return;
    }
    const known = left > 0 && !this.#measured ? 0 : this.#lengthMs;
    if (left > 0 || !this.#measured) this.#lengthMs = Math.max(known, resetsAt - at);
    this.#measured ||= left > 0;
  }
}
