// Tested by test/unit/core/reply/live-reply.test.ts
import type { Surface } from '../../ports/surface.ts';
import type { WaitReason } from '../pacing/reply-waits.ts';
import type { PageUpdate } from '../reply-writer.ts';
import { backoffMs } from '../../timing.ts';

/** Updates that are further apart than this, in milliseconds, show whole sentences. */
const rareMs = 2_500;
/** Updates that are further apart than this, in milliseconds, mean that edits are scarcer than posts. */
const scarceMs = 750;
/**
 * Delay of a reply's first post for a whole sentence, in milliseconds, where updates are rare: the
 * post may get no edit before the end.
 */
const firstWordsMs = 700;

/** When the next update may be made at the earliest, on the clock of `performance.now()`, and why. */
export interface UpdateTime {
  readonly at: number;
  readonly reason: WaitReason;
}

/** The latest of several times. */
export function latestOf(first: UpdateTime, ...others: readonly UpdateTime[]): UpdateTime {
  return others.reduce((latest, time) => (time.at > latest.at ? time : latest), first);
}

/**
 * When a reply changes, for the sake of its readers: not too often, and by more than a few words
 * where its updates are rare.
 */
export class UpdateTimes {
  readonly #surface: Surface;
  readonly #intervalMs: () => number;
  #last = { index: -1, at: Number.NEGATIVE_INFINITY };

  /** @param intervalMs expected time from one update of the reply to its next, as things stand */
  constructor(surface: Surface, intervalMs: () => number) {
    this.#surface = surface;
    this.#intervalMs = intervalMs;
  }

  /** Updates are so far apart that each one is to end with a whole sentence. */
  get isRare(): boolean {
    return this.#intervalMs() > rareMs;
  }

  /** Edits are so scarce that a page ends early rather than be changed once more for its end. */
  get endsPages(): boolean {
    return this.#surface.streaming?.finalBudgets === undefined && this.#intervalMs() > scarceMs;
  }

  /** The page is about to be shown. */
  started(index: number): void {
    this.#last = { index, at: performance.now() };
  }

  /** When the first post of a reply may be made whose words are unseen since `unseenSince`. */
  firstAt({ final }: PageUpdate, unseenSince: number): UpdateTime {
    const at = !final && this.isRare ? unseenSince + firstWordsMs : 0;
    return { at, reason: 'sentence end' };
  }

  /** When the update may be made; `sentenceFrom`: when the next sentence end is looked for. */
  nextAt({ kind, index, final }: PageUpdate, sentenceFrom: number): UpdateTime {
    if (kind !== 'edit' || index !== this.#last.index) return { at: 0, reason: 'spacing' };
    const { editFloorMs } = this.#surface;
    const floorMs = Math.max(editFloorMs, !final && this.isRare ? rareMs : 0);
    const spaced: UpdateTime = { at: this.#last.at + floorMs, reason: 'spacing' };
    return final ? spaced : latestOf(spaced, { at: sentenceFrom, reason: 'sentence end' });
  }
}

/** Longest time with nothing but failures before a reply is left for another attempt, in milliseconds. */
const giveUpAfterMs = 15 * 60_000;
const firstRetryMs = 500;
const slowestRetryMs = 30_000;

/** The failures in a row of one reply's calls: when to try again, and when to give up. */
export class CallFailures {
  #count = 0;
  #since = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** When the next try may be made, in milliseconds of `performance.now()`. */
  get retryAt(): number {
    return this.#retryAt;
  }

  /** Counts a failure; false once there was nothing else for 15 minutes. */
  add(): boolean {
    const now = performance.now();
    if (this.#count === 0) this.#since = now;
    this.#count += 1;
    return now - this.#since <= giveUpAfterMs;
  }

  /** Delays the next try, longer with each failure. */
  backOff(): void {
    this.#retryAt = performance.now() + backoffMs(this.#count, firstRetryMs, slowestRetryMs);
  }

  /** A call was made. */
  clear(): void {
    this.#count = 0;
  }
}
