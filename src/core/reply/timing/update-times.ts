import type { Surface } from '../../ports/surface.ts';
import type { PageUpdate } from '../reply-writer.ts';
import { backoffMs } from '../../timing.ts';

/** A reply whose turns are further apart ends with a whole sentence each time. */
const seldomMs = 2_500;
/** Where they are further apart than that, edits are scarcer than posts. */
const scarceMs = 750;
/** It may get none before its end: its first post waits so long for a sentence. */
const firstWordsMs = 700;

/**
 * When a reply changes, for the sake of those who read it: not too often, and with more than a
 * few words where its turns come seldom. Times are in milliseconds of `performance.now()`.
 */
export class UpdateTimes {
  readonly #surface: Surface;
  readonly #turnMs: () => number;
  #last = { index: -1, at: Number.NEGATIVE_INFINITY };

  /** @param turnMs how long it is from one turn of the reply to its next, as things stand */
  constructor(surface: Surface, turnMs: () => number) {
    this.#surface = surface;
    this.#turnMs = turnMs;
  }

  /** Turns are so far apart that each is to end with a whole sentence. */
  get isRare(): boolean {
    return this.#turnMs() > seldomMs;
  }

  /** Edits are so scarce that a page ends early rather than be changed once more for its end. */
  get endsPages(): boolean {
    return this.#surface.finishing === undefined && this.#turnMs() > scarceMs;
  }

  /** A page is being shown. */
  started(index: number): void {
    this.#last = { index, at: performance.now() };
  }

  /** When a reply may begin whose words are unseen since then. */
  firstAt({ final }: PageUpdate, unseenSince: number): number {
    return !final && this.isRare ? unseenSince + firstWordsMs : 0;
  }

  /** When it may go on; while it grows, not before the next sentence is looked for. */
  nextAt({ kind, index, final }: PageUpdate, sentenceFrom: number): number {
    if (kind !== 'edit' || index !== this.#last.index) return 0;
    const { editFloorMs } = this.#surface;
    if (final) return this.#last.at + editFloorMs;
    // A turn that comes seldom is not spent on a few words.
    const floorMs = Math.max(editFloorMs, this.isRare ? seldomMs : 0);
    return Math.max(this.#last.at + floorMs, sentenceFrom);
  }
}

/** How long there may be nothing but failures before a reply is left for another attempt. */
const giveUpAfterMs = 15 * 60_000;
const firstRetryMs = 500;
const slowestRetryMs = 30_000;

/** The failures in a row of one reply's calls: when to try again, and when to give up. */
export class CallFailures {
  #count = 0;
  #since = 0;
  #readyAt = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** Not to be tried before this, in milliseconds of `performance.now()`. */
  get retryAt(): number {
    return this.#readyAt;
  }

  /** One more; false once there was nothing else for 15 minutes. */
  add(): boolean {
    const now = performance.now();
    if (this.#count === 0) this.#since = now;
    this.#count += 1;
    return now - this.#since <= giveUpAfterMs;
  }

  /** Puts the next try off, further with each failure. */
  backOff(): void {
    this.#readyAt = performance.now() + backoffMs(this.#count, firstRetryMs, slowestRetryMs);
  }

  /** Something went well. */
  clear(): void {
    this.#count = 0;
  }
}
