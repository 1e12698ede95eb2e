import type { Surface } from '../../ports/surface.ts';
import type { PageRecord } from '../../domain/turn.ts';
import type { Page, PageSplitter, PageSplit } from '../pages/page-splitter.ts';

/** How long a turn is put off for a sentence to end, and how often that is looked at. */
const sentenceMs = 5_000;
const lookAgainMs = 500;

/**
 * Where a reply pauses that seldom gets a turn: behind whole sentences. Then, where edits are
 * spent at its end and posts are not, what people read can stay, and the rest go on a page of
 * its own.
 */
export class SentenceBreaks {
  readonly #surface: Surface;
  readonly #before: readonly PageRecord[];
  /** What was shown last. */
  #last: { index: number; page: Page; paused: boolean } | undefined;
  #split: PageSplit | undefined;
  #undo: (() => void) | undefined;
  #notBefore = 0;

  /** @param before pages that an earlier attempt left */
  constructor(surface: Surface, before: readonly PageRecord[]) {
    this.#surface = surface;
    this.#before = before;
  }

  /** The text up to the next pause is not looked for before this. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /**
   * The live page up to its last sentence, if that shows more than people see; `later` if a
   * sentence can be waited for. `unseenSince`: since when people see less than there is.
   */
  find(pages: PageSplitter, index: number, unseenSince: number): Page | 'later' | undefined {
    const shown = this.#last?.index === index ? this.#last : undefined;
    const pause = pages.upToBreak();
    const least = shown?.page.source.length ?? this.#before[index]?.source.length ?? 0;
    if (pause && pause.source.length > least) return pause;
    const now = performance.now();
    if (shown?.paused !== true || now - unseenSince > sentenceMs) return undefined;
    this.#notBefore = now + lookAgainMs;
    return 'later';
  }

  /** People read this page now. */
  shown(index: number, page: Page, paused: boolean): void {
    this.#last = { index, page, paused };
  }

  /** The text is over: looks for a way to leave what is shown as it is. */
  prepare(pages: PageSplitter): void {
    this.#split = undefined;
    if (this.#last?.paused !== true || this.#last.index !== pages.frozen.length) return;
    const split = pages.splitAfter(this.#last.page.source);
    if (split === undefined) return;
    // What a post may not show would need an edit again.
    const shown = this.#surface.postableText?.(split.rest, { whole: true }) ?? split.rest;
    if (shown === split.rest) this.#split = split;
  }

  /** The text that must stand on the last page for the rest to be posted. */
  get keptText(): string | undefined {
    return this.#split?.first.text;
  }

  /** Makes two pages of the last one. */
  split(pages: PageSplitter): void {
    if (this.#split !== undefined) this.#undo = pages.applySplit(this.#split);
    this.#split = undefined;
  }

  /** Makes one page of them again; false if there are no two. */
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
