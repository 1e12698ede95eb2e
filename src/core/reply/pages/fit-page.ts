// Tested by test/unit/core/reply/pages/page-splitter.test.ts
import type { PageFormat } from '../../ports/surface.ts';
import { CutPoints } from './cut-points.ts';
import { type Closing, PageDraft } from './page-draft.ts';
import type { CarryOver } from './carry-over.ts';

/** Where a page ends, for good. */
export interface PageCut {
  /** Offset in the text. */
  readonly at: number;
  /** The page, rendered. */
  readonly text: string;
  readonly seam: CarryOver;
}

/** As `Page.written`. */
type Written = () => string;

/** Either all of the text fits on one page, rendered here, or a cut is due. */
export type PageFit =
  | { readonly whole: string; readonly written: Written }
  | { readonly cut: PageCut };

/** How far beyond a page the text is read, in UTF-16 units, to know what a cut would tear. */
const maxAhead = 2_000;
const growth = 1.5;

/** The first end, of those tried, with which the page is too long, and the page up to there. */
interface Excess {
  readonly draft: PageDraft;
  readonly end: number;
}

/** Fits the text on a page. The work depends on the page, not on how much text is pending. */
export function fitPage(
  format: PageFormat,
  seam: CarryOver,
  text: string,
  closing: Closing,
): PageFit {
  const seen = text.trimEnd().length;
  const ahead = Math.min(maxAhead, format.limit + 200);
  let excess: Excess | undefined;
  for (let end = format.limit; !excess; end = Math.ceil(end * growth)) {
    const all = end >= seen;
    const draft = new PageDraft(format, seam, text.slice(0, all ? seen + ahead : end + ahead));
    const whole = all ? draft.render(draft.state.text.length, closing) : draft.render(end, 'cut');
    if (whole === undefined) excess = { draft, end: Math.min(end, seen) };
    else if (all) return { whole, written: writtenIn(format, draft, draft.state.text.length) };
    else {
      const cut = cutAtGap(draft, end, text, whole, format.limit / 2);
      if (cut) return { cut };
    }
  }
  return cutOf(format, excess, seen) ?? fitBare(format, seam, text, seen);
}

/** Most text of a page that may stay unseen for a better end, in UTF-16 units. */
const mostHeldBack = 240;

/** Where a page that is not full would best end, near to the end of what there is. */
export function breakNearEnd(
  format: PageFormat,
  seam: CarryOver,
  text: string,
): (PageCut & { readonly written: Written }) | undefined {
  const seen = text.trimEnd().length;
  const draft = new PageDraft(format, seam, text);
  const least = Math.max(1, seen - mostHeldBack);
  const cut = endAt(draft, new CutPoints(draft.state, seen - 1).near(seen - 1, least));
  return cut && { ...cut, written: writtenIn(format, draft, cut.at) };
}

/** Fraction of the limit from which on a page may end with a block. */
const nearlyFull = 0.75;
/** Most text after the block, in UTF-16 units: it stays unseen until the next page is posted. */
const mostBehindBlock = 80;

/** Where a page that is nearly full can end with a block, behind `least` units at the earliest. */
export function blockEnd(
  format: PageFormat,
  seam: CarryOver,
  text: string,
  least: number,
): PageCut | undefined {
  const seen = text.trimEnd().length;
  if (seen < format.limit * nearlyFull) return undefined;
  const draft = new PageDraft(format, seam, text);
  const from = Math.max(least, seen - mostBehindBlock);
  const cut = endAt(draft, new CutPoints(draft.state, seen - 1).block(from, seen - 1));
  const isFull = cut !== undefined && format.size(cut.text) >= format.limit * nearlyFull;
  return isFull ? cut : undefined;
}

/** The cut at `at`, if the page can end there. */
export function cutAt(
  format: PageFormat,
  seam: CarryOver,
  text: string,
  at: number,
): PageCut | undefined {
  const draft = new PageDraft(format, seam, text);
  const allowed = new CutPoints(draft.state, text.trimEnd().length - 1).allows(at);
  return allowed ? endAt(draft, at) : undefined;
}

function writtenIn(format: PageFormat, draft: PageDraft, end: number): Written {
  return () => format.render(draft.markdown(end, 'open'));
}

function endAt(draft: PageDraft, at: number | undefined): PageCut | undefined {
  if (at === undefined) return undefined;
  const text = draft.render(at, 'cut');
  return text === undefined ? undefined : { at, text, seam: draft.state.carryOverAt(at) };
}

/** A gap of white space that would fill half a page ends the page. */
function cutAtGap(
  draft: PageDraft,
  end: number,
  text: string,
  page: string,
  longGap: number,
): PageCut | undefined {
  const seen = text.slice(0, end).trimEnd().length;
  if (seen === 0 || end - seen <= longGap) return undefined;
  const next = end + text.slice(end).search(/\S/);
  const newline = text.indexOf('\n', seen);
  if (newline < 0 || newline > next)
    return { at: next, text: page, seam: draft.state.carryOverAt(seen) };
  if (newline >= end) return undefined;
  // The lines of a gap are all alike: what is open at its first is open at its last.
  const seam = draft.state.carryOverAt(newline + 1);
  return { at: text.lastIndexOf('\n', next) + 1, text: page, seam };
}

function cutOf(format: PageFormat, excess: Excess, seen: number): PageFit | undefined {
  const { draft, end } = excess;
  const most = longest(format, draft, end);
  if (most === 0) return undefined;
  for (const at of new CutPoints(draft.state, seen - 1).best(most)) {
    const rendered = draft.render(at, 'cut');
    if (rendered !== undefined)
      return { cut: { at, text: rendered, seam: draft.state.carryOverAt(at) } };
  }
  return undefined;
}

/** The end of the longest page that fits, to within a fraction of the limit; 0 if none does. */
function longest(format: PageFormat, draft: PageDraft, end: number): number {
  const closeEnough = Math.max(1, Math.floor(format.limit / 256));
  let low = 0;
  let high = end;
  let guess = Math.floor(((end * format.limit) / Math.max(1, draft.size(end))) * 0.98);
  // A guess that is far off costs few more: each step is twice as long as the one before.
  for (let step = closeEnough * 4; high - low > closeEnough; step *= 2) {
    if (guess <= low || guess >= high) guess = (low + high) >> 1;
    if (draft.render(guess, 'cut') === undefined) high = guess;
    else low = guess;
    guess = low + Math.min(step, (high - low) >> 1);
  }
  return low;
}

function inPair(text: string, at: number): boolean {
  const point = text.codePointAt(at - 1);
  return point !== undefined && point > 0xffff;
}

/** Prefix and closing marks leave no room for the text: the limit comes before the form. */
function fitBare(format: PageFormat, seam: CarryOver, text: string, seen: number): PageFit {
  const end = Math.min(seen, format.limit * 2);
  const draft = new PageDraft(format, seam, text.slice(0, end + maxAhead), true);
  const whole = end === seen ? draft.render(seen, 'cut') : undefined;
  if (whole !== undefined) return { whole, written: writtenIn(format, draft, seen) };
  const found = cutOf(format, { draft, end }, seen);
  if (found) return found;
  // One character that is larger than a page: cut between its code points.
  const first = text.search(/\S/);
  const least = first + String.fromCodePoint(text.codePointAt(first) ?? 0).length;
  const most = Math.min(longest(format, draft, end), seen - 1);
  const at = Math.max(least, inPair(text, most) ? most - 1 : most);
  return { cut: { at, text: draft.render(at, 'cut') ?? '', seam: draft.state.carryOverAt(at) } };
}
