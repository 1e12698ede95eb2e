// Tested by test/unit/core/reply/live-reply.test.ts
import { Rejected } from '../domain/errors.ts';
import type { Surface } from '../ports/surface.ts';
import type { Ending } from '../domain/turn.ts';
import { type Page, PageSplitter } from './pages/page-splitter.ts';
import { SentenceBreaks, type UpdateTime, UpdateTimes } from './timing/update-times.ts';
import { PostedPages, type PostedPagesOptions } from './posting/posted-pages.ts';
import { Visibility, type VisibilityOptions } from './timing/visibility.ts';
import type { CallVariant } from './pacing/scheduled-reply.ts';

export interface ReplyWriterOptions extends PostedPagesOptions, VisibilityOptions {
  /** Expected time from one update of the reply to its next, as things stand, in milliseconds. */
  readonly updateIntervalMs: () => number;
}

/**
 * Brings the posted pages up to the reply's text, one page update at a time: `nextUpdate` says
 * which, `update` makes it.
 *
 * It works on the first page that does not show its text, so that a page is final before the next
 * one is posted. After a crash it goes on in the pages posted before: they stay unchanged until
 * there is more text than they show.
 */
export class ReplyWriter {
  readonly #surface: Surface;
  readonly #posted: PostedPages;
  readonly #breaks: SentenceBreaks;
  readonly #times: UpdateTimes;
  readonly #visibility: Visibility;
  #pages: PageSplitter;
  /** Characters that the posted pages show since before the crash. */
  readonly #shownBefore: number;
  /** Number of frozen pages that show their final text, from the first on. */
  #finalPages = 0;
  #placeholder: string | undefined;
  #ended = false;
  /** Index of a page that is posted because there is no edit for its text. */
  #rest: number | undefined;
  #posts = 0;
  #edits = 0;

  constructor(options: ReplyWriterOptions) {
    const { surface, pages } = options;
    this.#surface = surface;
    this.#posted = new PostedPages(options);
    this.#breaks = new SentenceBreaks(surface, pages);
    this.#times = new UpdateTimes(surface, options.updateIntervalMs);
    this.#visibility = new Visibility(options);
    this.#pages = new PageSplitter(surface.format);
    this.#shownBefore = pages.reduce((sum, { source }) => sum + source.length, 0);
  }

  /** Takes words in; true if there is something to show. */
  push(delta: string): boolean {
    this.#pages.push(delta);
    if (this.#pages.length <= this.#shownBefore) return false;
    this.#visibility.textAdded();
    return true;
  }

  /** Takes a text for the time before the first words; false if that is over. */
  showPlaceholder(text: string): boolean {
    if (this.#pages.length > 0 || this.#shownBefore > 0 || this.#ended) return false;
    this.#placeholder = text;
    this.#visibility.textAdded();
    return true;
  }

  /** The text is over and reads like this, whatever was pushed. */
  end(ending: Ending): void {
    // Nothing of this attempt is shown then, but perhaps much of an earlier one.
    const asBefore = ending.text.length !== this.#pages.length;
    if (asBefore) {
      this.#pages = new PageSplitter(this.#surface.format);
      this.#pages.push(ending.text);
      this.#breaks.cutAsBefore(this.#pages);
      this.#finalPages = 0;
    }
    this.#pages.end(ending.note === undefined ? undefined : `_${ending.note}_`);
    this.#ended = true;
    if (asBefore) this.#breaks.splitAsBefore(this.#pages);
    this.#breaks.prepare(this.#pages);
    this.#visibility.textAdded();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A page is posted, as far as is known. */
  get hasPost(): boolean {
    return this.#posted.callKind(0) === 'edit';
  }

  /** The last page does not show its text, and needs an edit for that. */
  get needsEdit(): boolean {
    return this.#posted.needsEdit(this.#posted.length - 1);
  }

  /** The text that people do not see yet: its length, and the time since which it is unseen. */
  get unseen(): { readonly chars: number; readonly since: number } {
    const { unseen } = this.#visibility;
    return { chars: unseen.chars(this.#pages.length), since: unseen.since };
  }

  /** Time for which the oldest unseen text has been unseen, in milliseconds. */
  get unseenMs(): number {
    return this.#pages.length > 0 ? this.#visibility.unseenMs : 0;
  }

  /** Calls that showed text, and the longest time for which text was unseen, in milliseconds. */
  get counts(): {
    readonly posts: number;
    readonly edits: number;
    readonly longestUnseenMs: number;
  } {
    const longestUnseenMs = Math.max(this.unseenMs, this.#visibility.longestMs);
    return { posts: this.#posts, edits: this.#edits, longestUnseenMs };
  }

  /** The next page update, if any. Cheap: looks at what is known to be cut, and renders nothing. */
  nextUpdate(): PageUpdate | undefined {
    const frozen = this.#pages.frozen;
    for (; this.#finalPages < frozen.length; this.#finalPages += 1) {
      const page = frozen[this.#finalPages];
      if (page && !this.#posted.shows(this.#finalPages, page.text, { final: true })) break;
    }
    if (this.#finalPages < frozen.length) return this.#showing(this.#finalPages, true);
    if (!this.#ended)
      return this.#visibility.unseen.any ? this.#showing(frozen.length, false) : undefined;
    const last = this.#pages.live();
    if (last && !this.#posted.shows(frozen.length, last.text, { final: true })) {
      return this.#showing(frozen.length, true);
    }
    const surplus = this.#posted.length - 1;
    return surplus >= frozen.length + (last ? 1 : 0)
      ? { kind: 'remove', index: surplus, final: true }
      : undefined;
  }

  #showing(index: number, final: boolean): PageUpdate {
    return { kind: this.#posted.callKind(index), index, final };
  }

  /** When the update may be made at the earliest, for the sake of the readers. */
  notBefore(update: PageUpdate): UpdateTime {
    return this.hasPost
      ? this.#times.nextAt(update, this.#breaks.notBefore)
      : this.#times.firstAt(update, this.#visibility.unseen.since);
  }

  /** Whether the page can stay as it is, and the rest be posted as a page of its own instead. */
  maySplit({ kind, index }: PageUpdate): boolean {
    const { keptText } = this.#breaks;
    const last = index === this.#pages.frozen.length && this.#posted.length === index + 1;
    if (keptText === undefined || kind !== 'edit' || !last) return false;
    return this.#posted.shows(index, keptText, { final: true });
  }

  /**
   * Makes the next page update with the newest text; resolves to false, at once, if there is none
   * after all. Throws what `PostedPage.show` throws.
   */
  async update(variant: CallVariant, signal: AbortSignal): Promise<boolean> {
    if (variant.useAlternative) this.#split();
    const foreseen = this.nextUpdate()?.final === true;
    // New words may have filled the live page: it is then cut, and is still the one to show.
    this.#pages.cutFullPages();
    if (this.#times.endsPages && this.nextUpdate()?.kind === 'edit') {
      this.#pages.endBlock(Math.max(this.#visibility.unseen.from, this.#shownBefore));
    }
    const update = this.nextUpdate();
    if (update === undefined) return false;
    if (update.kind === 'remove') {
      await this.#posted.removeLast(signal);
      return true;
    }
    const { index } = update;
    const cut = this.#pages.frozen[index];
    const atBreak = this.#sentenceBreak(update);
    if (atBreak === 'later') return false;
    const page = cut ?? atBreak ?? this.#livePage();
    const before = this.#visibility.unseen;
    const heldBack = cut === undefined ? this.#heldBack(atBreak) : this.#pages.lengthAfter(index);
    this.#visibility.showing(this.#pages.length, heldBack);
    if (page === undefined) return false;
    // A later attempt must find the slices of all pages without a gap.
    if (update.kind === 'post' && index > 0) await this.#posted.record(index);
    const posted = this.#posted.pageAt(index);
    this.#times.started(index);
    const options = {
      final: update.final,
      foreseen,
      whole: index === this.#rest,
      last: this.#ended && cut === undefined,
    };
    try {
      await this.#visibility.whileShowing(before, { hasText: page.source !== '' }, () =>
        posted.show(page, options, signal),
      );
    } catch (error) {
      // A text that may not be posted here may still be shown by an edit.
      if (!isRefusal(error) || posted.callKind === 'edit' || !this.#breaks.undoSplit()) throw error;
      this.#rest = undefined;
      return true;
    }
    if (update.kind === 'post') this.#posts += 1;
    else this.#edits += 1;
    this.#breaks.shown(index, page, atBreak !== undefined);
    // The text may have ended during the call.
    if (this.#ended && atBreak !== undefined) this.#breaks.prepare(this.#pages);
    this.#posted.invalidateAfter(index);
    if (!posted.shows(page.text, { final: false })) this.#visibility.notAllShown();
    return true;
  }

  /** Stores what the pages show. */
  record(): Promise<void> {
    return this.#posted.record();
  }

  /** Resolves when nothing is being stored any more. */
  settled(): Promise<void> {
    return this.#posted.settled();
  }

  #split(): void {
    this.#rest = this.#pages.frozen.length + 1;
    this.#breaks.split(this.#pages);
  }

  #sentenceBreak({ index, final }: PageUpdate): Page | 'later' | undefined {
    if (final || !this.#times.isRare) return undefined;
    return this.#breaks.find(this.#pages, index, this.#visibility.unseen.since);
  }

  /** How much of what there is stands behind the atBreak. */
  #heldBack(atBreak: Page | undefined): number {
    const live = atBreak && this.#pages.live();
    return live ? live.source.length - atBreak.source.length : 0;
  }

  #livePage(): Page | undefined {
    const live = this.#pages.live();
    if (live !== undefined || this.#placeholder === undefined || this.#ended) return live;
    const text = this.#surface.format.render(this.#placeholder);
    return { source: '', text, written: () => '' };
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Rejected && error.reason === 'refused';
}

/** A page that does not read as it should, and what to do about it. */
export interface PageUpdate {
  readonly kind: 'post' | 'edit' | 'remove';
  /** The page's place in its reply, from 0. */
  readonly index: number;
  /** Its text will not change any more. */
  readonly final: boolean;
}
