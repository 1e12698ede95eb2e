// Tested by test/integration/turns.test.ts
/** No platform means more than this, in milliseconds. */
const longestRetryAfterMs = 60 * 60_000;

/** The platform wants us to wait, or would: the call was not done. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  /** How long to wait, in milliseconds. */
  readonly retryAfterMs: number;
  /** The budget that is spent, if it is not all of those that the call spends. */
  readonly budgetKey: string | undefined;
  /** We did not even ask, as we know better: that tells nothing new of the platform's limits. */
  readonly unsent: boolean;
  constructor(
    retryAfterMs: number,
    options: ErrorOptions & { budgetKey?: string; unsent?: boolean } = {},
  ) {
    // A platform's answer is not to be trusted with a timer: NaN would be no wait at all.
    const ms = Number.isFinite(retryAfterMs) ? Math.max(0, retryAfterMs) : 1_000;
    super(`rate limited for ${ms} ms`, options);
    this.retryAfterMs = Math.min(ms, longestRetryAfterMs);
    this.budgetKey = options.budgetKey;
    this.unsent = options.unsent ?? false;
  }
}

/** The platform said no, and will say no again: stop writing this reply. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  /** `removed`: a person deleted what we write on, which is a quiet way of saying stop. */
  readonly reason: 'removed' | 'refused';
  constructor(reason: 'removed' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** No answer from the platform: the call may or may not have been applied. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

/** The call has to be made in another way, which spends other budgets: it may be wanted again. */
export class MethodChanged extends Error {
  override readonly name = 'MethodChanged';
  /** The platform was called, and refused: what that spends is spent. */
  readonly called: boolean;
  constructor(message: string, { called, ...options }: ErrorOptions & { called: boolean }) {
    super(message, options);
    this.called = called;
  }
}

/** Why a model gave no whole answer. */
export type ModelFault =
  | 'rate-limited'
  | 'quota'
  | 'unauthorized'
  | 'unknown-model'
  | 'too-long'
  | 'refused'
  | 'unreachable'
  | 'overloaded'
  | 'stalled'
  | 'cut'
  | 'empty'
  | 'malformed'
  | 'unknown';

/** The model gave no whole answer. People are told in a sentence chosen by `fault`. */
export class ModelFailed extends Error {
  override readonly name = 'ModelFailed';
  readonly fault: ModelFault;
  /** How long the provider asks us to wait, in milliseconds, if it said so. */
  readonly retryAfterMs: number | undefined;
  constructor(
    fault: ModelFault,
    message: string,
    options: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A step could not be stored; nothing of it happened. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** `full` will not pass by itself; `away` may. */
  readonly reason: 'full' | 'away' | 'damaged';
  /**
   * What people are told, such as `Parley’s disk is full`, as somebody has to mend it; absent for
   * what may pass by itself.
   */
  readonly trouble: string | undefined;
  constructor(
    reason: 'full' | 'away' | 'damaged',
    message: string,
    options: ErrorOptions & { trouble?: string } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.trouble = options.trouble;
  }
}

/** Another owner has the conversation by now; whoever sees this stops working on it. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/** A message that is not taken in, with the sentence for its author. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';
  readonly reason: 'empty' | 'too-long' | 'too-many' | 'spent';
  constructor(reason: 'empty' | 'too-long' | 'too-many' | 'spent', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The process cannot start as configured; `message` says what to do about it. Exit code 78. */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration';
}

/**
 * Why a turn's work ends before its time, as the reason of an abort:
 * - `stop`: a person asked for it; the turn ends as stopped.
 * - `hand-over`: this process is going; the next owner goes on with the turn.
 * - `lost`: another owner has the turn already; nothing more may be written.
 * - `timeout`: the turn took longer than a turn may take; it ends as failed.
 */
export class TurnInterrupted extends Error {
  override readonly name = 'TurnInterrupted';
  readonly reason: 'stop' | 'hand-over' | 'lost' | 'timeout';
  constructor(why: 'stop' | 'hand-over' | 'lost' | 'timeout') {
    super(`interrupted: ${why}`);
    this.reason = why;
  }
}
