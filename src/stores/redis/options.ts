import type { Log } from '../../core/ports/log.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** A question may wait for 30 days (MAX_QUESTION_AGE_MINUTES); it is not to go before. */
const longestWaitMs = 31 * dayMs;
/** Entries of a conversation that are kept at all, unless more than that are given out. */
const mostKept = 1_000;

export interface RedisStoreOptions {
  /** See `parseRedisUrl` for how Sentinel, Cluster and TLS are named. */
  readonly url: string;
  /** What every key begins with, so that several services can share a Redis; `parley` by default. */
  readonly prefix?: string;
  /** How long history is kept, by the platform's time, in milliseconds. */
  readonly retentionMs: number;
  /** Entries given to `claim`, `finish` and `view` at most; 400 by default. */
  readonly historyLimit?: number;
  /** How long the ids of messages are remembered, in milliseconds; 7 days by default. */
  readonly seenMs?: number;
  /** How long it is kept what was used, in milliseconds; 90 days by default. */
  readonly usageMs?: number;
  /**
   * How long after the end of a lease the turn is left alone, in milliseconds: for as long as a
   * call to a platform may last that its owner made at the last moment. 0 by default.
   */
  readonly takeoverGraceMs?: number;
  /** How long a step waits for a Redis that is away, in milliseconds; 3,000 by default. */
  readonly patienceMs?: number;
  /** Opens one that takes no writes, too: for whoever looks why, or deletes something there. */
  readonly evenFull?: boolean;
  /** Ends the wait for a Redis that does not answer at the start, which is endless without it. */
  readonly signal?: AbortSignal;
  readonly log: Log;
}

/** How long and how much is kept, in milliseconds and pieces. */
export interface Bounds {
  readonly retentionMs: number;
  readonly seenMs: number;
  readonly usageMs: number;
  readonly takeoverGraceMs: number;
  /** How long questions and turns stay where nobody is at work any more. */
  readonly stayMs: number;
  readonly historyLimit: number;
  /** Entries of a conversation that are kept at all. */
  readonly keep: number;
}

/** What the options ask for, what is so by default, and what follows from both. */
export function boundsOf(options: RedisStoreOptions): Bounds {
  const { retentionMs, historyLimit = 400, seenMs = 7 * dayMs } = options;
  const { usageMs = 90 * dayMs, takeoverGraceMs = 0 } = options;
  const stayMs = Math.max(retentionMs, longestWaitMs) + dayMs;
  const keep = Math.max(mostKept, historyLimit);
  return { retentionMs, seenMs, usageMs, takeoverGraceMs, stayMs, historyLimit, keep };
}
