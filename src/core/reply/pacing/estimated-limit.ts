// Tested by test/unit/core/reply/pacing/rate-limiter.test.ts
import type { Observations } from '../../ports/budgets.ts';
import type { Fraction, TokenBucket } from './token-bucket.ts';

/** Least fraction of an estimate that one 429 leaves. */
const keepAtLeast = { burst: 1 / 4, perSecond: 1 / 2 } as const;
/** Fraction of what a 429 showed: calls do not arrive as evenly as they are made. */
const margin = { burst: 0.8, perSecond: 0.9 } as const;
/** After m minutes without a 429 this fraction of the documented limit, times m², is added again. */
const regained = 0.005;
const minuteMs = 60_000;
/** Precision of an observation's time, in milliseconds: one that came back from elsewhere is no newer. */
const blurMs = 500;

/** What a 429 showed of one number, and when. */
interface Observation {
  readonly value: number;
  readonly at: number;
}

/**
 * A rate limit as it is estimated: as documented, until the platform's 429s show less. The estimate
 * grows back slowly at first, then faster, so that a limit that stays low is hit once in minutes.
 * Times are in milliseconds of `performance.now()`.
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

  /** The estimate is below the documented limit; that ends by itself. */
  isLowered(now: number): boolean {
    return this.burst(now) < this.#burst || this.perSecond(now) < this.#perSecond;
  }

  /** The documented limit changes, such as to a share of it. */
  resize(burst: number, perSecond: number): void {
    this.#burst = Math.max(1, burst);
    this.#perSecond = perSecond;
  }

  /** No more than `shown` calls were granted at once; `before`: the estimate until then. */
  lowerBurst(shown: number, before: number, now: number): void {
    const value = between(before * keepAtLeast.burst, shown * margin.burst, before);
    this.#observe('burst', { value: Math.max(1, value), at: now });
  }

  /** Calls were granted no faster than `shown` a second; `before`: the estimate until then. */
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

  /** Takes the observations of other instances where they are newer. */
  merge(observations: Observations, now: number): void {
    for (const what of ['burst', 'perSecond'] as const) {
      const { value, ageMs } = observations[what] ?? { value: 0, ageMs: Number.POSITIVE_INFINITY };
      const at = now - ageMs;
      const known = this.#observed[what]?.at ?? Number.NEGATIVE_INFINITY;
      if (at > known + blurMs) this.#observe(what, { value, at });
    }
  }

  /** Ignores what is no number: no wait would ever be one again. */
  #observe(what: 'burst' | 'perSecond', observation: Observation): void {
    if (Number.isFinite(observation.value)) this.#observed[what] = observation;
  }

  #estimate(what: 'burst' | 'perSecond', most: number, now: number): number {
    const observation = this.#observed[what];
    if (observation === undefined) return most;
    const minutes = Math.max(0, now - observation.at) / minuteMs;
    return Math.min(most, observation.value + most * regained * minutes ** 2);
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** A burst below this is one call at a time. */
const single = 1.01;

/** A 429, and those that follow at once: the calls granted before it, and what they show of the limit. */
export class RateLimitViolation {
  readonly #at: number;
  /** The bucket was full when the counting began. */
  readonly #full: boolean;
  readonly #seconds: number;
  /** Calls granted in that time, as far as is known. */
  #granted: number;
  /** The estimate before, and this instance's fraction of it. */
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #fraction: Fraction;

  /** @param calledAt when the refused call was made, on the clock of `performance.now()` */
  constructor(estimate: EstimatedLimit, bucket: TokenBucket, calledAt: number, now: number) {
    const { since, full, taken } = bucket.sinceFull;
    this.#at = now;
    this.#full = full;
    this.#seconds = Math.max(0, calledAt - since) / 1_000;
    this.#granted = taken;
    this.#burst = estimate.burst(now);
    this.#perSecond = estimate.perSecond(now);
    this.#fraction = bucket.fraction;
  }

  /** Whether a call was in flight by then: its 429 shows more of the same. */
  covers(calledAt: number): boolean {
    return calledAt <= this.#at;
  }

  /** One more call was refused: corrects the estimate of the whole limit. */
  applyTo(estimate: EstimatedLimit, now: number): void {
    const { burst, perSecond } = this.#fraction;
    if (perSecond === 0 || (burst < 1 && burst * this.#burst < single)) {
      // The call was lent, or the bucket holds one call at most: it shows only that there is a
      // little less.
      estimate.lowerBurst(this.#burst, this.#burst, now);
      estimate.lowerRate(this.#perSecond, this.#perSecond, now);
      return;
    }
    this.#granted = Math.max(0, this.#granted - 1);
    const came = this.#perSecond * this.#fraction.perSecond * this.#seconds;
    if (this.#full && this.#granted >= 2 * came) {
      // Most of the granted calls were there from the start: the burst is smaller than estimated.
      estimate.lowerBurst((this.#granted - came) / this.#fraction.burst, this.#burst, now);
      return;
    }
    const fromStart = this.#full ? this.#burst * this.#fraction.burst : 0;
    const rate = (this.#granted - fromStart) / Math.max(this.#seconds, 0.001);
    estimate.lowerRate(rate / this.#fraction.perSecond, this.#perSecond, now);
  }
}
