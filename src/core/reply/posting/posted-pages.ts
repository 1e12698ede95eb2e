// Tested by test/unit/core/reply/live-reply.test.ts
import type { Log } from '../../ports/log.ts';
import type { PageGrowth, Surface } from '../../ports/surface.ts';
import type { PageRecord } from '../../domain/turn.ts';
import { PageRecorder, type PageRecords } from './page-recorder.ts';
import { withDeadline } from '../../timing.ts';
import { CallFailed, MethodChanged, RateLimited } from '../../domain/errors.ts';
import type { Page } from '../pages/page-splitter.ts';

export interface PostedPagesOptions {
  readonly surface: Surface;
  readonly pageRecords: PageRecords;
  /** Makes the idempotency key of a page's post, at most 25 characters. */
  readonly keyOf: (index: number) => string;
  /** Pages that an earlier attempt posted, or perhaps posted; indices from 0 without a gap. */
  readonly pages: readonly PageRecord[];
  /**
   * Whether a call that begins now ends while the turn is certainly ours: else another instance
   * may be writing here by then. Without it the turn is always ours.
   */
  readonly leaseCoversCall?: () => boolean;
  readonly log: Log;
}

/** The posted messages of a reply, in order, the one that is about to be among them. */
export class PostedPages {
  readonly #options: PostedPagesOptions;
  readonly #pages: PostedPage[];
  #disowned = false;

  constructor(options: PostedPagesOptions) {
    this.#options = options;
    this.#pages = options.pages.map((record) => this.#page(record.index, record));
  }

  get length(): number {
    return this.#pages.length;
  }

  /** The call that shows this page next. */
  callKind(index: number): 'post' | 'edit' {
    return this.#pages[index]?.callKind ?? 'post';
  }

  /** Whether the page shows this text; with `final`, for certain and for good. */
  shows(index: number, text: string, options: { final: boolean }): boolean {
    return this.#pages[index]?.shows(text, options) ?? false;
  }

  /** Whether the platform shows less of the page than it was given. */
  needsEdit(index: number): boolean {
    return this.#pages[index]?.needsEdit ?? false;
  }

  /** The page, as a new one if there is none. */
  pageAt(index: number): PostedPage {
    return (this.#pages[index] ??= this.#page(index));
  }

  async removeLast(signal: AbortSignal): Promise<void> {
    const last = this.#pages.length - 1;
    await this.#pages[last]?.remove(signal);
    this.#pages.length = last;
  }

  /** Stores what the pages before this one show, where that is not stored yet. */
  async record(before = this.#pages.length): Promise<void> {
    const open = this.#pages.slice(0, before).filter((page) => !page.isRecorded);
    await Promise.all(open.map((page) => page.record()));
  }

  /** Resolves when nothing is being stored any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#pages.map((page) => page.settled()));
  }

  /**
   * Once the first page shows this attempt's words, what the later ones still show of an earlier
   * attempt no longer belongs to the same text.
   */
  invalidateAfter(index: number): void {
    if (this.#disowned) return;
    this.#disowned = true;
    for (const later of this.#pages.slice(index + 1)) later.invalidate();
  }

  #page(index: number, record?: PageRecord): PostedPage {
    return new PostedPage(this.#options, index, record);
  }
}

export interface ShowOptions {
  readonly final: boolean;
  /** That it is final was known when the budgets of the call were asked for; true by default. */
  readonly foreseen?: boolean;
  /** It is posted as there is no edit for it. */
  readonly whole?: boolean;
  /** The whole reply stands with it, and how it ends is stored: nobody goes on from here. */
  readonly last?: boolean;
}

/**
 * One posted message of a reply, or one that is about to be: knows what it reads, and what of
 * that is uncertain because a call got no answer.
 */
export class PostedPage {
  readonly #surface: Surface;
  readonly #recorder: PageRecorder;
  readonly #key: string;
  readonly #index: number;
  readonly #leaseCoversCall: () => boolean;
  #id: string | undefined;
  /** A post was sent, or perhaps sent, and its answer is not known. */
  #perhapsPosted: boolean;
  /** The text that it shows; undefined where that is not certain. */
  #text: string | undefined;
  /** How often the final text must still be sent, as an unanswered edit may land behind it. */
  #confirmations = 0;

  /** @param record what an earlier attempt left of the page */
  constructor(options: PostedPagesOptions, index: number, record?: PageRecord) {
    const { surface, pageRecords, log } = options;
    this.#surface = surface;
    this.#index = index;
    this.#leaseCoversCall = options.leaseCoversCall ?? (() => true);
    this.#key = record?.key ?? options.keyOf(index);
    this.#id = record?.id;
    this.#perhapsPosted = record !== undefined && record.id === undefined;
    this.#recorder = new PageRecorder({ pageRecords, log, index, key: this.#key, record });
  }

  /** The call that the next `show` will make. */
  get callKind(): 'post' | 'edit' {
    return this.#id === undefined ? 'post' : 'edit';
  }

  /** Whether the page shows this text; with `final`, for certain and for good. */
  shows(text: string, options: { final: boolean }): boolean {
    if (this.#text !== text) return false;
    return !options.final || (this.#confirmations === 0 && this.#due === undefined);
  }

  /** The platform shows less of it than it was given. */
  get needsEdit(): boolean {
    return this.#due === 'more';
  }

  get #due(): 'more' | 'end' | undefined {
    return this.#id === undefined ? undefined : this.#surface.streaming?.due(this.#id);
  }

  /**
   * Makes one call towards showing `page`; `shows` tells whether that was enough. Throws what the
   * surface throws, `LeaseUncertain`, `StoreUnavailable` if a post could not be announced, and
   * `ClaimLost`.
   */
  async show(page: Page, options: ShowOptions, signal: AbortSignal): Promise<void> {
    this.#recorder.throwIfLost();
    const growth = this.#growth(page, options.final && options.foreseen !== false);
    if (this.#id !== undefined) {
      await this.#edit(this.#id, page, growth, signal);
      if (options.final && this.#text !== undefined && this.#confirmations > 0) {
        this.#confirmations -= 1;
      }
    } else {
      if (this.#perhapsPosted) await this.#find(signal);
      if (this.#id === undefined) {
        await this.#post(page, growth, options.whole === true, signal);
      }
    }
    if (this.#id !== undefined && !(options.last === true && this.#recorder.hasId)) {
      this.#recorder.shown(this.#id, page.source, { urgent: options.final });
    }
  }

  /** Its text is of no use to a later attempt. */
  invalidate(): void {
    this.#recorder.invalidate();
  }

  async remove(signal: AbortSignal): Promise<void> {
    if (this.#perhapsPosted) await this.#find(signal);
    const id = this.#id;
    if (id !== undefined) await this.#call(signal, (end) => this.#surface.remove(id, end));
    await this.#recorder.drop();
  }

  /** The store knows what it shows. */
  get isRecorded(): boolean {
    return this.#recorder.isUpToDate;
  }

  /** Resolves when the store knows what it shows, or could not be told. */
  record(): Promise<void> {
    return this.#recorder.flush();
  }

  /** Resolves when nothing is being stored any more. */
  settled(): Promise<void> {
    return this.#recorder.settled();
  }

  /** How far the page is written, for a surface that takes it piece by piece. */
  #growth({ written }: Page, final: boolean): PageGrowth | undefined {
    if (this.#surface.streaming === undefined) return undefined;
    return { final, ...(final || written === undefined ? {} : { written }) };
  }

  async #edit(
    id: string,
    page: Page,
    growth: PageGrowth | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#call(signal, (end) => this.#surface.edit(id, page.text, end, growth));
    } catch (error) {
      if (error instanceof CallFailed) {
        this.#text = undefined;
        this.#confirmations = 2;
      }
      throw error;
    }
    this.#text = this.#due === 'more' ? undefined : page.text;
  }

  /** Looks for a post whose answer was lost. */
  async #find(signal: AbortSignal): Promise<void> {
    const posting = { key: this.#key, index: this.#index };
    this.#id = await this.#call(signal, (end) => this.#surface.find(posting, end));
    if (this.#id !== undefined) this.#perhapsPosted = false;
  }

  async #post(
    page: Page,
    growth: PageGrowth | undefined,
    whole: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const again = this.#perhapsPosted;
    if (!again) {
      await this.#recorder.beforePost(page.source);
      this.#perhapsPosted = true;
    }
    const text = this.#surface.postableText?.(page.text, { whole }) ?? page.text;
    const posting = { ...growth, text, whole, key: this.#key, index: this.#index };
    try {
      this.#id = await this.#call(signal, (end) => this.#surface.post(posting, end));
    } catch (error) {
      const unsent = [RateLimited, MethodChanged, LeaseUncertain].some(
        (kind) => error instanceof kind,
      );
      if (unsent && !again) this.#perhapsPosted = false;
      throw error;
    }
    this.#perhapsPosted = false;
    // A platform may answer a repeated key with the earlier message, which reads otherwise.
    this.#text = again || this.#due === 'more' ? undefined : text;
  }

  async #call<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // An earlier call of the same step may have taken the rest of the lease.
    if (!this.#leaseCoversCall())
      throw new LeaseUncertain('the lease may end before the call would');
    return withDeadline(this.#surface.callTimeoutMs, signal, call);
  }
}

/** The turn may be another's before a call would end: it was not made, and can be wanted again. */
export class LeaseUncertain extends Error {
  override readonly name = 'LeaseUncertain';
}
