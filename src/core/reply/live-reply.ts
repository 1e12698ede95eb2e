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
import { CallFailures } from './timing/update-times.ts';
import { type PageUpdate, ReplyWriter, type ReplyWriterOptions } from './reply-writer.ts';

/** While it is not certain that the turn is ours, that is looked at so often, in milliseconds. */
const askAgainMs = 250;

/** What is kept for an edit that must be made is spent when there is so much to show, in milliseconds. */
const owedAfterMs = 3_000;

export interface LiveReplyOptions extends Omit<ReplyWriterOptions, 'updateIntervalMs'> {
  readonly pacer: Pacer;
  /** Writing is over before its time; `end` throws the same. */
  readonly onGivenUp: (reason: unknown) => void;
}

/**
 * What people see of a turn: takes the model's words in and keeps the posted pages up to date
 * with them, through the pacer: newest text first, one call at a time, the final text for
 * certain.
 */
export class LiveReply implements ScheduledReply {
  readonly #options: LiveReplyOptions;
  readonly #writer: ReplyWriter;
  readonly #place: PacerHandle;
  readonly #setbacks = new CallFailures();
  /** Resolves when it is over, one way or the other; aborts with the reason if before its time. */
  readonly #end = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  #over = false;
  #calling: Promise<void> = Promise.resolve();

  constructor(options: LiveReplyOptions) {
    this.#options = options;
    this.#writer = new ReplyWriter({
      ...options,
      updateIntervalMs: () => this.#place.updateIntervalMs(),
    });
    this.#place = options.pacer.register(this, this.#finals());
  }

  /** Aborts when writing is over before its time, with the reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** For how long people have not seen the oldest text that they do not see, in milliseconds. */
  get unseenMs(): number {
    return this.#over ? 0 : this.#writer.unseenMs;
  }

  /** More of the model's words. Costs as much as the words, however long the reply is. */
  push(delta: string): void {
    if (this.#writer.push(delta)) this.#place.changed();
  }

  /** A text to stand on the first page until the model's first words come. */
  showPlaceholder(text: string): void {
    if (this.#writer.showPlaceholder(text)) this.#place.changed();
  }

  /**
   * The turn is over and reads like this, whatever was pushed. Resolves once people see all of
   * it and nothing else. Throws `Rejected`, or why that could not be reached.
   */
  async end(ending: Ending): Promise<void> {
    this.#writer.end(ending);
    this.#place.changed();
    this.#place.moreUrgent();
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
    const step = this.#writer.nextUpdate();
    if (step === undefined) {
      if (this.#writer.ended) this.#finish();
      return undefined;
    }
    const { kind, final } = step;
    const { budgets, finishing } = this.#prepared(step);
    const { since, chars } = this.#writer.unseen;
    // What is kept for the end of a stream, and for the edit behind it, is spent for that.
    const owes = this.#writer.needsEdit;
    const owedFrom = owes && !final && finishing === undefined ? since + owedAfterMs : 0;
    return {
      priority: !this.#writer.hasPost ? 'first' : final || owes ? 'final' : 'live',
      budgets: (final && kind === 'edit' ? finishing : undefined) ?? budgets[kind],
      alternativeBudgets: this.#writer.maySplit(step) ? budgets.post : undefined,
      unseenSince: since,
      unseenChars: chars,
      notBefore: Math.max(
        this.#setbacks.retryAt,
        this.#writer.notBefore(step),
        owedFrom,
        this.#options.leaseCoversCall?.() === false ? performance.now() + askAgainMs : 0,
      ),
    };
  }

  async perform(way: CallVariant = { useAlternative: false }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#calling = promise;
    try {
      const made = await this.#writer.update(way, this.#abort.signal);
      if (made) this.#setbacks.clear();
      return made;
    } catch (error) {
      // No failure: `want` says when it may go on.
      if (error instanceof LeaseUncertain) return true;
      if (error instanceof MethodChanged) return error.called;
      if (error instanceof RateLimited && this.#setbacks.add()) throw error;
      this.#recover(error);
      return true;
    } finally {
      resolve();
    }
  }

  /** What the final text will spend, looked at anew whenever it is counted. */
  #finals(): FinalEditBudgets {
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
        return surface.finishing ?? surface.budgets.post;
      },
    };
  }

  /** Where a post is next, the surface decides how: its budgets tell what that spends. */
  #prepared(step: PageUpdate | undefined): Surface {
    const { surface } = this.#options;
    if (step?.kind === 'post') surface.prepare?.(step.final);
    return surface;
  }

  #recover(error: unknown): void {
    if (this.#over) return;
    const mayPass = error instanceof CallFailed || error instanceof StoreUnavailable;
    if (!mayPass || !this.#setbacks.add()) {
      this.#giveUp(error);
      return;
    }
    this.#setbacks.backOff();
    const failures = this.#setbacks.count;
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
    this.#place.unregister();
    if (reason !== undefined) this.#abort.abort(reason);
    this.#end.resolve();
  }
}
