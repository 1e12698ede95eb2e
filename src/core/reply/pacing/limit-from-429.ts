import type { Belief } from './estimated-limit.ts';
import type { Bucket, Part } from './token-bucket.ts';

/** Who has less at once makes one call at a time. */
const single = 1.01;

/** A refusal, and those that follow at once: what was granted before it, and what that teaches. */
export class Refusal {
  readonly #at: number;
  /** The bucket was full when counting began. */
  readonly #full: boolean;
  readonly #seconds: number;
  /** Calls granted in that time, as far as is known yet. */
  #granted: number;
  /** What was believed before of the whole, and which part of that was ours. */
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #part: Part;

  /** @param takenAt when the refused call was made; times on the clock of `performance.now()` */
  constructor(belief: Belief, bucket: Bucket, takenAt: number, now: number) {
    const { since, full, taken } = bucket.count;
    this.#at = now;
    this.#full = full;
    this.#seconds = Math.max(0, takenAt - since) / 1_000;
    this.#granted = taken;
    this.#burst = belief.burst(now);
    this.#perSecond = belief.perSecond(now);
    this.#part = bucket.part;
  }

  /** Whether a call was on its way by then: its refusal tells more of the same. */
  covers(takenAt: number): boolean {
    return takenAt <= this.#at;
  }

  /** One more call was refused: corrects what is believed of the whole. */
  teach(belief: Belief, now: number): void {
    const { burst, perSecond } = this.#part;
    if (perSecond === 0 || (burst < 1 && burst * this.#burst < single)) {
      // It was lent, or its bucket is full before each call, as it has no more than one: how much
      // there is cannot be told from it, but that is a little less.
      belief.learnBurst(this.#burst, this.#burst, now);
      belief.learnRate(this.#perSecond, this.#perSecond, now);
      return;
    }
    this.#granted = Math.max(0, this.#granted - 1);
    const came = this.#perSecond * this.#part.perSecond * this.#seconds;
    if (this.#full && this.#granted >= 2 * came) {
      // Most of what was granted was there from the start: that was less than we thought.
      belief.learnBurst((this.#granted - came) / this.#part.burst, this.#burst, now);
      return;
    }
    const fromStart = this.#full ? this.#burst * this.#part.burst : 0;
    const rate = (this.#granted - fromStart) / Math.max(this.#seconds, 0.001);
    belief.learnRate(rate / this.#part.perSecond, this.#perSecond, now);
  }
}
