// Tested by test/unit/core/reply/live-reply.test.ts
import type { Rejected } from '../domain/errors.ts';

/**
 * A rate limit that calls share: a token bucket of `burst` calls that refills by `perSecond`.
 * Calls with the same key share it, whichever reply makes them. The trap: a key that names too
 * little (a method without its workspace) throttles replies that have nothing to do with each other.
 */
export interface Budget {
  /** Such as `slack:T1:chat.update` or `discord:C1:edit`. */
  readonly key: string;
  readonly burst: number;
  readonly perSecond: number;
  /** One call at a time: the platform makes calls wait for each other there anyway. */
  readonly oneAtATime?: boolean;
  /** What the platform reported last, where it does; read before every call. */
  readonly reported?: ReportedLimit | undefined;
}

/** A rate limit as a platform reports it with its answers. */
export interface ReportedLimit {
  /** Calls in a whole window. */
  readonly limit: number;
  /** Calls that are left of it. */
  readonly left: number;
  /** When it was reported, and when the window is full again, on the clock of `performance.now()`. */
  readonly at: number;
  readonly resetsAt: number;
  /**
   * Time for which each call counts, in milliseconds, in a sliding window; `resetsAt` is then the
   * time at which the oldest call does not count any more. Without it a whole window ends at once.
   */
  readonly slidesMs?: number;
}

/**
 * How a platform shows markdown, and how much of it fits on a page. The trap: `size` is what the
 * platform counts (bytes, code points, escapes), of what is sent, or a page is refused.
 */
export interface PageFormat {
  /** The largest page, in this platform's own unit, counted on the rendered text. */
  readonly limit: number;
  /** Standard (GFM) markdown → what is sent to the platform. Pure; may be longer than its input. */
  render(markdown: string): string;
  /** The rendered text's size in the unit of `limit`. */
  size(rendered: string): number;
}

/** The state that a working mark shows before the first text. */
export type WorkingState =
  /** Queued for the model, with this many questions before it. */
  { readonly phase: 'waiting'; readonly ahead: number } | { readonly phase: 'thinking' };

/** The platform's own sign that somebody is working: typing, a status line. */
export interface WorkingMark {
  /** It fades by itself, so it is shown again after this many milliseconds. */
  readonly renewMs: number;
  /** Whether it can say that the question waits in the queue. */
  readonly tellsWaiting: boolean;
  /** Throws what a call throws. */
  show(state: WorkingState, signal: AbortSignal): Promise<void>;
}

/** How far a page is written; told with each post and edit where the surface has `streaming`. */
export interface PageGrowth {
  /** The page's text does not change any more. */
  readonly final: boolean;
  /**
   * The page as it was written so far, rendered, with nothing completed that is half written: as a
   * rule the next text only adds to it. Costs a pass over the page. Absent where the text is that.
   */
  written?(): string;
}

/**
 * Native streams: a platform that also takes a page piece by piece, with rate limits of their own.
 *
 * A page begins as a stream if `prepare` chose that before its post; its edits then add to it. The
 * trap: a stream only grows. A text that is changed, not continued, and a stream that the platform
 * ends, leave a message that shows less than it was given until an edit repairs it (`due`). A post
 * that cannot begin as a stream after all throws `MethodChanged`.
 */
export interface Streaming {
  /** Budgets of the edit that makes a page final, while a stream is open or prepared. */
  readonly finalBudgets: readonly Budget[] | undefined;
  /**
   * Chooses how the next page is posted; `Surface.budgets` then tells what that spends. Cheap: it
   * is called often. `final`: the page does not grow any more.
   */
  prepare(final: boolean): void;
  /**
   * What a message still needs though it was posted or edited: `more`, as it does not show all of
   * its text yet, or `end`, as the platform was not told that the text is final.
   */
  due(id: string): 'more' | 'end' | undefined;
}

export interface PostRequest extends Partial<PageGrowth> {
  /** Rendered text, within the format's limit. */
  readonly text: string;
  /** Idempotency key, at most 25 characters; the same for every try of the same post. */
  readonly key: string;
  /** The page's place in its reply, from 0. */
  readonly index: number;
  /** As for `postableText`: all of `text` is to be shown, as there is no edit for the rest. */
  readonly whole?: boolean;
}

/** A short message that notifies the asker, as edits notify nobody. */
export interface AskerNotice {
  /** Budgets that its post spends. */
  readonly budgets: readonly Budget[];
  /** Posts it, with a link to the reply where there is one. Throws what a call throws. */
  post(sentence: string, signal: AbortSignal): Promise<void>;
}

/**
 * What a platform lends one reply to write on: one per turn and attempt, made by
 * `Platform.surface`. The live reply decides what each page reads, the pacer when a call is made;
 * a surface only makes it.
 *
 * Every call ends by itself within `callTimeoutMs`, and throws one of:
 * - `RateLimited`: not done; may be tried again after its `retryAfterMs`.
 * - `Rejected`: the platform said no, and will say no again.
 * - `CallFailed`: no answer; it may or may not have been applied.
 * - `MethodChanged`: not done; `budgets` tells what it spends now. Only a post with `streaming`
 *   throws it, and not for ever.
 *
 * The trap: a timed-out post may have arrived. `find` must tell by the post's key, or people see
 * it twice. A call whose signal aborts throws the signal's reason.
 */
export interface Surface {
  readonly format: PageFormat;
  /**
   * What the next call of each kind spends; all budgets of a call must have room. It may change
   * with every call, and with `Streaming.prepare`.
   */
  readonly budgets: {
    readonly post: readonly Budget[];
    readonly edit: readonly Budget[];
    readonly remove: readonly Budget[];
  };
  /** Minimum time between two edits of one message, in milliseconds, even with budget to spare. */
  readonly editFloorMs: number;
  readonly callTimeoutMs: number;
  /** Absent where the platform has no such sign. */
  readonly working?: WorkingMark;
  /** Absent where pages are only posted and edited. */
  readonly streaming?: Streaming;

  /**
   * As much of a rendered text as a post may show; an edit shows the rest. `whole`: there is no
   * edit to wait for, so the post shows all of it. Absent where a post may always show all.
   */
  postableText?(text: string, options?: { readonly whole: boolean }): string;
  /** Why nothing can be written here, where the platform has just refused: the model is not asked. */
  rejection?(): Rejected | undefined;
  /** Posts a page behind the earlier ones; resolves to its id. */
  post(posting: PostRequest, signal: AbortSignal): Promise<string>;
  /** The id of the post made with this key, if it arrived. */
  find(
    posting: Pick<PostRequest, 'key' | 'index'>,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Makes a page read `text`; the same text twice is harmless. `growth`: with `streaming`. */
  edit(id: string, text: string, signal: AbortSignal, growth?: PageGrowth): Promise<void>;
  /** Removes a page; one that is gone already is no error. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** For after the reply's end. Absent where nobody can be notified. */
  readonly notice?: AskerNotice | undefined;
}
