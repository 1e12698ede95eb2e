// Tested by test/unit/core/reply/pacing/rate-limiter.test.ts
import type { ReportedLimit } from '../../ports/surface.ts';

/**
 * A rate limit as the platform reports it: a number of calls in a window that begins with the first
 * of them. Between two reports this instance's calls are counted. Times are in milliseconds of
 * `performance.now()`.
 */
export class ReportedWindow {
  #limit: number;
  #left: number;
  #resetsAt: number;
  #reportedAt: number;
  #lengthMs = 0;
  #slides = false;
  /** The length is that of a window, and not that of a pause after a 429. */
  #measured = false;
  /** Calls that were in flight at the report: perhaps counted in it, perhaps not. */
  #unsure: number;

  /** @param inFlight when each call was made that is in flight */
  constructor(report: ReportedLimit, inFlight: readonly number[]) {
    this.#limit = this.#left = this.#resetsAt = this.#unsure = 0;
    this.#reportedAt = Number.NEGATIVE_INFINITY;
    this.update(report, inFlight);
  }

  update(report: ReportedLimit, inFlight: readonly number[]): void {
    if (report.at <= this.#reportedAt) return;
    this.#reportedAt = report.at;
    this.#limit = Math.max(1, report.limit);
    this.#left = report.left;
    this.#resetsAt = report.resetsAt;
    // In a sliding window calls that hang do not count any more, reported or not.
    const since = report.at - (report.slidesMs ?? Number.POSITIVE_INFINITY);
    this.#unsure = inFlight.filter((calledAt) => calledAt > since).length;
    this.#measure(report);
  }

  get limit(): number {
    return this.#limit;
  }

  /** When the present window ends; in the past if none is open. */
  get resetsAt(): number {
    return this.#resetsAt;
  }

  get perSecond(): number {
    return (this.#limit * 1_000) / Math.max(1, this.#lengthMs);
  }

  get lengthMs(): number {
    return this.#lengthMs;
  }

  /** Each call counts for a time of its own. */
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

  /** A call ended: if it was in flight at the report, the platform has counted it by now. */
  callEnded(): void {
    this.#unsure = Math.max(0, this.#unsure - 1);
  }

  /** No call is left until then, whatever was reported. */
  exhaust(until: number): void {
    this.#left = 0;
    this.#resetsAt = Math.max(this.#resetsAt, until);
  }

  /** Learns the window's length; with nothing left the platform may have asked for a longer pause. */
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
