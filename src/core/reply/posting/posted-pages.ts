import type { Log } from '../../ports/log.ts';
import type { Surface } from '../../ports/surface.ts';
import type { PageRecord } from '../../domain/turn.ts';
import type { PageLedger } from './page-recorder.ts';
import { PostedPage } from './posted-page.ts';

export interface PostedPagesOptions {
  readonly surface: Surface;
  readonly ledger: PageLedger;
  /** Makes the idempotency key of a page's post, at most 25 characters. */
  readonly keyOf: (index: number) => string;
  /** Pages that an earlier attempt posted, or perhaps posted; indices from 0 without a gap. */
  readonly pages: readonly PageRecord[];
  /**
   * Whether a call that begins now ends while the turn is certainly ours: else another instance
   * may be writing here by then. Without it the turn is always ours.
   */
  readonly isOurs?: () => boolean;
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
  nextCall(index: number): 'post' | 'edit' {
    return this.#pages[index]?.nextCall ?? 'post';
  }

  /** Whether people read this text there; with `final`, for certain and for good. */
  reads(index: number, text: string, options: { final: boolean }): boolean {
    return this.#pages[index]?.reads(text, options) ?? false;
  }

  /** Whether the platform shows less of it than it was given. */
  owesEdit(index: number): boolean {
    return this.#pages[index]?.owesEdit ?? false;
  }

  /** The page, as a new one if there is none. */
  open(index: number): PostedPage {
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
  disownAfter(index: number): void {
    if (this.#disowned) return;
    this.#disowned = true;
    for (const later of this.#pages.slice(index + 1)) later.disown();
  }

  #page(index: number, record?: PageRecord): PostedPage {
    const { surface, ledger, log, keyOf, isOurs } = this.#options;
    return new PostedPage({
      surface,
      ledger,
      log,
      key: keyOf(index),
      index,
      ...(isOurs === undefined ? {} : { isOurs }),
      ...(record === undefined ? {} : { record }),
    });
  }
}
