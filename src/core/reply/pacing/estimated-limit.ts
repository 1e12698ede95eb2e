import type { Observations } from '../../ports/budgets.ts';
import type { TokenBucket, Fraction } from './token-bucket.ts';

/** Of what is believed, a refusal may take away at most this share at once. */
const keepAtLeast = { burst: 1 / 4, perSecond: 1 / 2 } as const;
/** A little below what a refusal showed, as calls do not arrive as evenly as they are made. */
const margin = { burst: 0.8, perSecond: 0.9 } as const;
/** After m minutes without a refusal this share of the whole, times m², is believed again. */
const regained = 0.005;
const minuteMs = 60_000;
/** The same lesson, heard of elsewhere, is not dated more exactly than this. */
const blurMs = 500;

/** What was learned of one number, and when. */
interface Observation {
  readonly value: number;
  readonly at: number;
}

/**
 * How deep and how fast a platform's bucket is taken to be: as it says, until its refusals teach
 * otherwise. What they took away comes back slowly at first, then faster, so that a limit that
 * stays low is run into once in minutes. Times are in milliseconds of `performance.now()`.
 */
export class EstimatedLimit {
  #burst: number;
  #perSecond: number;
  readonly #observed: { burst?: Observation; perSecond?: Observation } = {};

  constructor(burst: number, perSecond: number) {
    this.#burst = Math.max(1, burst);
    this.#perSecond = perSecond;
  }

  burst(now: number): number {
    return Math.max(1, this.#estimate('burst', this.#burst, now));
  }

  perSecond(now: number): number {
    return this.#estimate('perSecond', this.#perSecond, now);
  }

  /** Less is believed than the platform says; that ends by itself. */
  isLowered(now: number): boolean {
    return this.burst(now) < this.#burst || this.perSecond(now) < this.#perSecond;
  }

  /** What the platform grants is another from now on, such as a share of it. */
  resize(burst: number, perSecond: number): void {
    this.#burst = Math.max(1, burst);
    this.#perSecond = perSecond;
  }

  /** No more than `shown` calls were granted at once; `before` is what was believed. */
  lowerBurst(shown: number, before: number, now: number): void {
    const value = between(before * keepAtLeast.burst, shown * margin.burst, before);
    this.#observe('burst', { value: Math.max(1, value), at: now });
  }

  /** Calls were granted no faster than this; `before` is what was believed. */
  lowerRate(shown: number, before: number, now: number): void {
    const value = shown * margin.perSecond;
    const most = before * margin.perSecond;
    const perSecond = between(before * keepAtLeast.perSecond, value, most);
    this.#observe('perSecond', { value: perSecond, at: now });
  }

  observations(now: number): Observations {
    const { burst, perSecond } = this.#observed;
    return {
      ...(burst === undefined ? {} : { burst: { value: burst.value, ageMs: now - burst.at } }),
      ...(perSecond === undefined
        ? {}
        : { perSecond: { value: perSecond.value, ageMs: now - perSecond.at } }),
    };
  }

  /** What was learned elsewhere stands where it is newer. */
  merge(lessons: Observations, now: number): void {
    for (const what of ['burst', 'perSecond'] as const) {
      const { value, ageMs } = lessons[what] ?? { value: 0, ageMs: Number.POSITIVE_INFINITY };
      const at = now - ageMs;
      const known = this.#observed[what]?.at ?? Number.NEGATIVE_INFINITY;
      if (at > known + blurMs) this.#observe(what, { value, at });
    }
  }

  /** What is no number is not believed: no wait would ever be one again. */
  #observe(what: 'burst' | 'perSecond', lesson: Observation): void {
    if (Number.isFinite(lesson.value)) this.#observed[what] = lesson;
  }

  #estimate(what: 'burst' | 'perSecond', most: number, now: number): number {
    const lesson = this.#observed[what];
    if (lesson === undefined) return most;
    const minutes = Math.max(0, now - lesson.at) / minuteMs;
    return Math.min(most, lesson.value + most * regained * minutes ** 2);
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Who has less at once makes one call at a time. */
const single = 1.01;

/** A refusal, and those that follow at once: what was granted before it, and what that teaches. */
export class RateLimitViolation {
  readonly #at: number;
  /** The bucket was full when counting began. */
  readonly #full: boolean;
  readonly #seconds: number;
  /** Calls granted in that time, as far as is known yet. */
  #granted: number;
  /** What was believed before of the whole, and which part of that was ours. */
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #fraction: Fraction;

  /** @param takenAt when the refused call was made; times on the clock of `performance.now()` */
  constructor(belief: EstimatedLimit, bucket: TokenBucket, takenAt: number, now: number) {
    const { since, full, taken } = bucket.sinceFull;
    this.#at = now;
    this.#full = full;
    this.#seconds = Math.max(0, takenAt - since) / 1_000;
    this.#granted = taken;
    this.#burst = belief.burst(now);
    this.#perSecond = belief.perSecond(now);
    this.#fraction = bucket.fraction;
  }

  /** Whether a call was on its way by then: its refusal tells more of the same. */
  covers(takenAt: number): boolean {
    return takenAt <= this.#at;
  }

  /** One more call was refused: corrects what is believed of the whole. */
  applyTo(belief: EstimatedLimit, now: number): void {
    const { burst, perSecond } = this.#fraction;
    if (perSecond === 0 || (burst < 1 && burst * this.#burst < single)) {
      // It was lent, or its bucket is full before each call, as it has no more than one: how much
      // there is cannot be told from it, but that is a little less.
      belief.lowerBurst(this.#burst, this.#burst, now);
      belief.lowerRate(this.#perSecond, this.#perSecond, now);
      return;
    }
    this.#granted = Math.max(0, this.#granted - 1);
    const came = this.#perSecond * this.#fraction.perSecond * this.#seconds;
    if (this.#full && this.#granted >= 2 * came) {
      // Most of what was granted was there from the start: that was less than we thought.
      belief.lowerBurst((this.#granted - came) / this.#fraction.burst, this.#burst, now);
      return;
    }
    const fromStart = this.#full ? this.#burst * this.#fraction.burst : 0;
    const rate = (this.#granted - fromStart) / Math.max(this.#seconds, 0.001);
    belief.lowerRate(rate / this.#fraction.perSecond, this.#perSecond, now);
  }
}
