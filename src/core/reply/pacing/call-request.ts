import type { Budget } from '../../ports/surface.ts';

/** Why a call is wanted, most urgent first. */
const ranks = ['first', 'final', 'live'] as const;

/** The next call that a reply would make. */
export interface Want {
  /** A first post, a text that will not change any more, or one that still grows. */
  readonly rank: (typeof ranks)[number];
  /** Every budget that the call spends. */
  readonly budgets: readonly Budget[];
  /** What a final text may spend instead, if the wait would be long. */
  readonly instead?: readonly Budget[] | undefined;
  /** Since when there is text that people cannot see, in milliseconds of `performance.now()`. */
  readonly unseenSince: number;
  /** How much of it there is, in UTF-16 units. */
  readonly unseenChars: number;
  /** Not earlier than this, in milliseconds of `performance.now()`. */
  readonly notBefore: number;
}

/** How a call is to be made. */
export interface Way {
  /** The budgets of `instead` were spent. */
  readonly instead: boolean;
}

/** A word that waits long counts, too. */
const leastChars = 20;

/** Sorts first what is needed most: by rank, then by how much has been unseen for how long. */
export function byUrgency(now: number): (a: Want, b: Want) => number {
  const weight = (want: Want): number =>
    (want.unseenChars + leastChars) * Math.max(0, now - want.unseenSince);
  return (a, b) => ranks.indexOf(a.rank) - ranks.indexOf(b.rank) || weight(b) - weight(a);
}
