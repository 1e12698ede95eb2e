import type { PageFormat } from '../../ports/surface.ts';
import { blockEnd, type PageCut, cutAt, fitPage, breakNearEnd } from './fit-page.ts';
import { PageDraft } from './page-draft.ts';
import type { CarryOver } from './carry-over.ts';
import { nothingCarried } from './carry-over.ts';

/** One posted message of a reply. */
export interface Page {
  /** Slice of the reply's source; the slices of all pages joined are the source, exactly. */
  readonly source: string;
  /** Rendered text as sent to the platform, within the format's limit. */
  readonly text: string;
  /** `Growth.written` of a page that grows. */
  readonly written?: () => string;
}

/** A last page as two. */
export interface PageSplit {
  readonly first: Page;
  /** Rendered text of the second. */
  readonly rest: string;
  readonly cut: PageCut;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * A reply's text as pages: all but the last are frozen, the last one grows. A cut is decided
 * once, when the live page no longer fits, and never moves.
 *
 * Work depends on the live page and on what came since, never on the whole reply.
 */
export class PageSplitter {
  readonly #format: PageFormat;
  readonly #frozen: Page[] = [];
  /** The markdown that the last frozen page left open. */
  #seam: CarryOver = nothingCarried;
  /** The model's text since the last cut. */
  #source = '';
  /** The text that is shown once a closing note is added. */
  #noted: string | undefined;
  /** Units of `#noted` that come from the source. */
  #fromSource = 0;
  #length = 0;
  #ended = false;
  #settled = true;
  #live: Page | undefined;

  constructor(format: PageFormat) {
    this.#format = format;
  }

  /** Takes in what the model wrote. Throws after `end`. */
  push(delta: string): void {
    if (this.#ended) throw new Error('the text is over: nothing more can be written');
    this.#source += delta;
    this.#length += delta.length;
    this.#settled = false;
  }

  /** Decides the cuts that are due. */
  cutFullPages(): void {
    while (!this.#settled) {
      const { text, offset } = this.#pending();
      if (!/\S/.test(text)) {
        this.#live = undefined;
        this.#settled = true;
        return;
      }
      const found = fitPage(this.#format, this.#seam, text, this.#ended ? 'final' : 'live');
      if ('whole' in found) {
        const { whole: text, written } = found;
        this.#live = { source: this.#source, text, ...(this.#ended ? {} : { written }) };
        this.#settled = true;
      } else {
        this.#freeze(found.cut, offset);
      }
    }
  }

  #freeze({ at, text, seam }: PageCut, offset: number): void {
    this.#frozen.push({ source: this.#removeFirst(offset + at), text });
    this.#seam = seam;
    this.#settled = false;
  }

  /** The pages whose text never changes again. */
  get frozen(): readonly Page[] {
    return this.#frozen;
  }

  /** Length of what comes behind a frozen page, in UTF-16 units. */
  lengthAfter(index: number): number {
    const later = this.#frozen.slice(index + 1);
    return later.reduce((sum, { source }) => sum + source.length, this.#source.length);
  }

  /** The page that grows, as people should see it now; undefined while it shows nothing. */
  live(): Page | undefined {
    this.cutFullPages();
    return this.#live;
  }

  /**
   * The page that grows, up to its last sentence or line: it can stay as it is, and the rest go
   * on a page of its own. Undefined where that would hold back too much.
   */
  upToBreak(): Page | undefined {
    this.cutFullPages();
    if (this.#live === undefined || this.#ended) return undefined;
    const { text, offset } = this.#pending();
    const cut = breakNearEnd(this.#format, this.#seam, text);
    const source = this.#source.slice(0, offset + (cut?.at ?? 0));
    return cut && { source, text: cut.text, written: cut.written };
  }

  /**
   * Ends the page that grows with a block behind the first `read` units of the whole text, if it is
   * nearly full there: what people read of it stays, and the rest go on the next page.
   */
  endBlock(read: number): void {
    this.cutFullPages();
    if (this.#live === undefined || this.#ended) return;
    const { text, offset } = this.#pending();
    const before = this.#length - this.#source.length;
    const cut = blockEnd(this.#format, this.#seam, text, Math.max(0, read - before - offset) + 1);
    if (cut !== undefined) this.#freeze(cut, offset);
    this.cutFullPages();
  }

  /**
   * Ends the page that grows behind `source`, its beginning, if more is written than it can hold.
   * False if it can hold all, or cannot end there.
   */
  endAfter(source: string): boolean {
    const { text, offset } = this.#pending();
    if (source.length <= offset || !this.#source.startsWith(source)) return false;
    if ('whole' in fitPage(this.#format, this.#seam, text, 'live')) return false;
    const cut = cutAt(this.#format, this.#seam, text, source.length - offset);
    if (cut !== undefined) this.#freeze(cut, offset);
    return cut !== undefined;
  }

  /** The text is over: what the last page is without its beginning `source`, if that can be. */
  splitAfter(source: string): PageSplit | undefined {
    this.cutFullPages();
    if (!this.#ended || this.#live === undefined || source === '') return undefined;
    if (!this.#source.startsWith(source)) return undefined;
    const { text, offset } = this.#pending();
    if (!text.startsWith(source.slice(offset))) return undefined;
    const cut = cutAt(this.#format, this.#seam, text, source.length - offset);
    if (cut === undefined) return undefined;
    const left = text.slice(cut.at);
    const found = fitPage(this.#format, cut.seam, left, 'final');
    return 'whole' in found
      ? { first: { source, text: cut.text }, rest: found.whole, cut }
      : undefined;
  }

  /** The last page becomes the two of `split`. Returns what makes them one again. */
  applySplit(split: PageSplit): () => void {
    const { first, cut } = split;
    const [seam, source, noted] = [this.#seam, this.#source, this.#noted];
    const [fromSource, live] = [this.#fromSource, this.#live];
    this.#removeFirst(first.source.length);
    this.#frozen.push(first);
    this.#seam = cut.seam;
    this.#settled = false;
    this.cutFullPages();
    return () => {
      this.#frozen.pop();
      [this.#seam, this.#source, this.#noted] = [seam, source, noted];
      [this.#fromSource, this.#live] = [fromSource, live];
    };
  }

  /**
   * The text is over. Then `live()` is the last page's final text. `note`, a sentence for people
   * in markdown, becomes a paragraph of its own outside all that is open; it is in the text of
   * the last page, or of one more, and in no page's source.
   */
  end(note?: string): void {
    if (this.#ended) throw new Error('the text is over already');
    this.cutFullPages();
    this.#ended = true;
    this.#settled = false;
    if (note !== undefined) this.#addNote(note);
    this.cutFullPages();
  }

  #addNote(note: string): void {
    if (/\S/.test(this.#source)) {
      const closed = new PageDraft(this.#format, this.#seam, this.#source).closed();
      const noted = `${closed.text}\n\n${note}`;
      const alone = this.#fitted(closed.text);
      if (this.#fitted(noted) !== undefined || alone === undefined) {
        this.#fromSource = closed.shown;
        this.#noted = noted;
        return;
      }
      // Better a page of its own than a sentence in two parts.
      this.#frozen.push({ source: this.#source, text: alone });
      this.#source = '';
    }
    this.#seam = nothingCarried;
    this.#noted = note;
  }

  #fitted(text: string): string | undefined {
    const found = fitPage(this.#format, this.#seam, text, 'final');
    return 'whole' in found ? found.whole : undefined;
  }

  /** Length of all that was written, in UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  /** The text to fit, without white space at its start that would fill a page by itself. */
  #pending(): { text: string; offset: number } {
    const all = this.#noted ?? this.#source;
    // The second half of a pair may be on its way, and with it what the character belongs to.
    const half = !this.#ended && isHighSurrogate(all.charCodeAt(all.length - 1));
    const text = half ? all.slice(0, -1) : all;
    const first = text.search(/\S/);
    if (first <= this.#format.limit / 4) return { text, offset: 0 };
    const line = text.lastIndexOf('\n', first);
    const offset = line < 0 || first - line > this.#format.limit / 4 ? first : line;
    return { text: text.slice(offset), offset };
  }

  /** Takes the first `units` of what is shown, and returns the source they stand for. */
  #removeFirst(units: number): string {
    const all = this.#noted !== undefined && units >= this.#fromSource;
    const slice = all ? this.#source : this.#source.slice(0, units);
    this.#source = this.#source.slice(slice.length);
    if (this.#noted !== undefined) {
      this.#noted = this.#noted.slice(units);
      this.#fromSource = Math.max(0, this.#fromSource - units);
    }
    return slice;
  }
}
