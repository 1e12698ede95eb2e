// Tested by test/unit/core/reply/live-reply.test.ts
import type { Surface } from '../../ports/surface.ts';
import type { PageRecord } from '../../domain/turn.ts';
import type { Page, PageSplitter, PageSplit } from '../pages/page-splitter.ts';

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
