import {
  CallFailed,
  ClaimLost,
  MethodChanged,
  RateLimited,
  Rejected,
  StoreUnavailable,
} from '../domain/errors.ts';
import type { Surface } from '../ports/surface.ts';
import type { Ending } from '../domain/turn.ts';
import type {
  FinalEditBudgets,
  ScheduledReply,
  PacerHandle,
  CallRequest,
  CallVariant,
} from './pacing/scheduled-reply.ts';
import { LeaseUncertain } from './posting/posted-pages.ts';
import type { Pacer } from './pacing/pacer.ts';
import type { Wait } from './pacing/reply-waits.ts';
import { CallFailures, latestOf, type UpdateTime } from './timing/update-times.ts';
import { type PageUpdate, ReplyWriter, type ReplyWriterOptions } from './reply-writer.ts';

/** Time until the lease is looked at again where it may end before a call would, in milliseconds. */
const askAgainMs = 250;

/**
 * A page that owes a mandatory edit spends the call that is reserved for it once text has been
 * unseen for this long, in milliseconds.
 */
const reservedMs = 3_000;

/** How a reply is doing, for the log and the operator. Times are in milliseconds. */
export interface ReplyProgress {
  /** Calls that showed text. */
  readonly posts: number;
  readonly edits: number;
  /** For how long the oldest text that people do not see has been unseen; 0 if they see all. */
  readonly unseenMs: number;
  readonly longestUnseenMs: number;
  /** The present wait. */
  readonly waitsFor?: Wait | undefined;
  /** The waits before, summed up by reason and budget, longest first. */
  readonly waits: readonly Wait[];
}

export interface LiveReplyOptions extends Omit<ReplyWriterOptions, 'updateIntervalMs'> {
  readonly pacer: Pacer;
  /** The reply ends early; `end` throws the same reason. */
  readonly onGivenUp: (reason: unknown) => void;
}

/**
 * The reply of a turn as people see it: takes the model's deltas and keeps the posted pages up to
 * date, through the pacer: newest text first, one call at a time, the final text guaranteed.
 */
export class LiveReply implements ScheduledReply {
  readonly #options: LiveReplyOptions;
  readonly #writer: ReplyWriter;
  readonly #handle: PacerHandle;
  readonly #failures = new CallFailures();
  /** Resolves when it is over, one variant or the other; aborts with the reason if before its time. */
  readonly #end = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  #over = false;
  #calling: Promise<void> = Promise.resolve();

  constructor(options: LiveReplyOptions) {
    this.#options = options;
    this.#writer = new ReplyWriter({
      ...options,
      updateIntervalMs: () => this.#handle.updateIntervalMs(),
    });
    this.#handle = options.pacer.register(this, this.#finalEdits(), options.log);
  }

  /** Aborts with the reason when the reply ends early. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Time for which the oldest unseen text has been unseen, in milliseconds. */
  get unseenMs(): number {
    return this.#over ? 0 : this.#writer.unseenMs;
  }

  get progress(): ReplyProgress {
    const { posts, edits, longestUnseenMs } = this.#writer.counts;
    const { waits } = this.#handle;
    return {
      posts,
      edits,
      unseenMs: Math.round(this.unseenMs),
      longestUnseenMs: Math.round(longestUnseenMs),
      waitsFor: waits.current,
      waits: waits.totals,
    };
  }

  /** A delta of the model's text. The cost is that of the delta, however long the reply is. */
  push(delta: string): void {
    if (this.#writer.push(delta)) this.#handle.changed();
  }

  /** A text for the first page until the first delta comes. */
  showPlaceholder(text: string): void {
    if (this.#writer.showPlaceholder(text)) this.#handle.changed();
  }

  /**
   * The turn is over and reads like this, whatever was pushed. Resolves once people see all of
   * it and nothing else. Throws `Rejected`, or why that could not be reached.
   */
  async end(ending: Ending): Promise<void> {
    this.#writer.end(ending);
    this.#handle.changed();
    this.#handle.moreUrgent();
    await this.#end.promise;
    this.#abort.signal.throwIfAborted();
  }

  /** Leaves the reply as it stands, at once; `end` throws the reason. */
  abandon(reason: unknown): void {
    this.#finish(reason);
  }

  /** Leaves the reply as it stands; resolves when no call and no write is in flight any more. */
  async close(): Promise<void> {
    this.#finish(new CallFailed('the reply was left before its end'));
    await this.#calling;
    if (!this.#writer.ended) await this.#writer.record();
    await this.#writer.settled();
  }

  callRequest(): CallRequest | undefined {
    if (this.#over) return undefined;
    const update = this.#writer.nextUpdate();
    if (update === undefined) {
      if (this.#writer.ended) this.#finish();
      return undefined;
    }
    const { kind, final } = update;
    const { budgets, streaming } = this.#prepared(update);
    const finalBudgets = streaming?.finalBudgets;
    const { since, chars } = this.#writer.unseen;
    // The reserve for the end of a stream, and for the edit after it, is spent for that.
    const needsEdit = this.#writer.needsEdit;
    const reservedUntil =
      needsEdit && !final && finalBudgets === undefined ? since + reservedMs : 0;
    const { at, reason } = this.#nextUpdateAt(update, reservedUntil);
    return {
      priority: !this.#writer.hasPost ? 'first' : final || needsEdit ? 'final' : 'live',
      budgets: (final && kind === 'edit' ? finalBudgets : undefined) ?? budgets[kind],
      alternativeBudgets: this.#writer.maySplit(update) ? budgets.post : undefined,
      unseenSince: since,
      unseenChars: chars,
      notBefore: at,
      notBeforeReason: reason,
    };
  }

  /** When the update may be made at the earliest, and why not sooner. */
  #nextUpdateAt(update: PageUpdate, reservedUntil: number): UpdateTime {
    const hasLease = this.#options.leaseCoversCall?.() !== false;
    return latestOf(
      this.#writer.notBefore(update),
      { at: this.#failures.retryAt, reason: 'failed call' },
      { at: reservedUntil, reason: 'reserved edit' },
      { at: hasLease ? 0 : performance.now() + askAgainMs, reason: 'lease' },
    );
  }

  async perform(variant: CallVariant = { useAlternative: false }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#calling = promise;
    try {
      const made = await this.#writer.update(variant, this.#abort.signal);
      if (made) this.#failures.clear();
      return made;
    } catch (error) {
      // No failure: `callRequest` says when it may go on.
      if (error instanceof LeaseUncertain) return true;
      if (error instanceof MethodChanged) return error.called;
      if (error instanceof RateLimited && this.#failures.add()) throw error;
      this.#recover(error);
      return true;
    } finally {
      resolve();
    }
  }

  /** The budgets that the final text will spend, read anew whenever it is counted. */
  #finalEdits(): FinalEditBudgets {
    const prepared = (): Surface => this.#prepared(this.#writer.nextUpdate());
    const { surface } = this.#options;
    const writer = this.#writer;
    return {
      get needsEdit() {
        return writer.needsEdit;
      },
      get own() {
        return prepared().budgets.edit;
      },
      get alternative() {
        return surface.streaming?.finalBudgets ?? surface.budgets.post;
      },
    };
  }

  /** Where a post is next, the surface decides how: its budgets tell what that spends. */
  #prepared(update: PageUpdate | undefined): Surface {
    const { surface } = this.#options;
    if (update?.kind === 'post') surface.streaming?.prepare(update.final);
    return surface;
  }

  #recover(error: unknown): void {
    if (this.#over) return;
    const mayPass = error instanceof CallFailed || error instanceof StoreUnavailable;
    if (!mayPass || !this.#failures.add()) {
      this.#giveUp(error);
      return;
    }
    this.#failures.backOff();
    const failures = this.#failures.count;
    this.#options.log.warn({ err: error, failures }, 'platform call failed');
  }

  #giveUp(reason: unknown): void {
    if (!(reason instanceof Rejected || reason instanceof ClaimLost)) {
      this.#options.log.error({ err: reason }, 'reply given up');
    }
    this.#finish(reason);
    this.#options.onGivenUp(reason);
  }

  #finish(reason?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#handle.unregister();
    if (reason !== undefined) this.#abort.abort(reason);
    this.#end.resolve();
  }
}
