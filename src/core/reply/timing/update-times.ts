// Tested by test/unit/core/reply/live-reply.test.ts
import type { Surface } from '../../ports/surface.ts';
import type { WaitReason } from '../pacing/reply-waits.ts';
import type { PageUpdate } from '../reply-writer.ts';
import { backoffMs } from '../../timing.ts';
import type { PageRecord } from '../../domain/turn.ts';
import type { Page, PageSplit, PageSplitter } from '../pages/page-splitter.ts';

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

/** Longest delay of an update for the end of a sentence, in milliseconds. */
const sentenceMs = 5_000;
/** Interval at which the end of a sentence is looked for, in milliseconds. */
const lookAgainMs = 500;

/**
 * When updates are rare, shows only whole sentences. If at the end no edit is available but a post
 * is, the visible text stays as it is and the rest is posted as a new message.
 */
export class SentenceBreaks {
  readonly #surface: Surface;
  readonly #before: readonly PageRecord[];
  /** The page that was shown last; `atBreak`: up to the end of a sentence. */
  #last: { index: number; page: Page; atBreak: boolean } | undefined;
  #split: PageSplit | undefined;
  #undo: (() => void) | undefined;
  #notBefore = 0;

  /** @param before pages that an earlier attempt left */
  constructor(surface: Surface, before: readonly PageRecord[]) {
    this.#surface = surface;
    this.#before = before;
  }

  /** When the next sentence end is looked for, in milliseconds of `performance.now()`. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /**
   * The live page up to its last sentence, if that shows more than people see; `later` if the update
   * can wait for a sentence. `unseenSince`: time since which people see less than there is.
   */
  find(pages: PageSplitter, index: number, unseenSince: number): Page | 'later' | undefined {
    const shown = this.#last?.index === index ? this.#last : undefined;
    const upToBreak = pages.upToBreak();
    const least = shown?.page.source.length ?? this.#before[index]?.source.length ?? 0;
    if (upToBreak && upToBreak.source.length > least) return upToBreak;
    const now = performance.now();
    if (shown?.atBreak !== true || now - unseenSince > sentenceMs) return undefined;
    this.#notBefore = now + lookAgainMs;
    return 'later';
  }

  /** People read this page now. */
  shown(index: number, page: Page, atBreak: boolean): void {
    this.#last = { index, page, atBreak };
  }

  /** The text is over: looks for a way to leave the shown page as it is. */
  prepare(pages: PageSplitter): void {
    this.#split = undefined;
    if (this.#last?.atBreak !== true || this.#last.index !== pages.frozen.length) return;
    const split = pages.splitAfter(this.#last.page.source);
    if (split === undefined) return;
    // Text that a post may not show would need an edit again.
    const shown = this.#surface.postableText?.(split.rest, { whole: true }) ?? split.rest;
    if (shown === split.rest) this.#split = split;
  }

  /** The text that the last page must show for the rest to be posted. */
  get keptText(): string | undefined {
    return this.#split?.first.text;
  }

  /** Makes two pages of the last one. */
  split(pages: PageSplitter): void {
    if (this.#split !== undefined) this.#undo = pages.applySplit(this.#split);
    this.#split = undefined;
  }

  /** Makes one page of the two again; false if there are no two. */
  undoSplit(): boolean {
    const undo = this.#undo;
    this.#undo = undefined;
    undo?.();
    return undo !== undefined;
  }

  /** Cuts a text that one page cannot hold where an earlier attempt did. */
  cutAsBefore(pages: PageSplitter): void {
    for (const { source } of this.#before.slice(0, -1)) if (!pages.endAfter(source)) return;
  }

  /** Makes two pages of the last one if an earlier attempt did. */
  splitAsBefore(pages: PageSplitter): void {
    const index = pages.frozen.length;
    if (this.#before.length <= index + 1) return;
    const split = pages.splitAfter(this.#before[index]?.source ?? '');
    if (split !== undefined) this.#undo = pages.applySplit(split);
  }
}
