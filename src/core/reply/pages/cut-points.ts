// Tested by test/unit/core/reply/pages/page-splitter.test.ts
import type { Line } from './markdown/blocks.ts';
import { type Span, spanAt, uncuttableSpans } from './markdown/inline-spans.ts';
import { indentAt } from './markdown/containers.ts';
import type { MarkdownState } from './markdown-state.ts';
import { looksLikeBlock } from './carry-over.ts';

/** The element before which a cut is made. */
type CutKind = 'block' | 'item' | 'blank' | 'line' | 'row' | 'heading' | 'sentence' | 'word';

/** Kinds of boundaries, best first, and the share of a full page that each must keep. */
const preferences: readonly (readonly [CutKind, number])[] = [
  ['block', 0.5],
  ['item', 0.5],
  ['blank', 0.5],
  ['line', 0.6],
  ['row', 0.3],
  ['heading', 0.5],
  ['sentence', 0.6],
  ['word', 0.5],
];

/** A line of code or a row of a table is torn only where even a short page cannot save it. */
const fallbacks: typeof preferences = [
  ...preferences.slice(0, 6),
  ['block', 0.15],
  ['item', 0.15],
  ['line', 0.15],
  ['row', 0.15],
  ...preferences.slice(6),
];

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const sentenceEnd = /[.!?…]["'”’)\]*_~`]{0,8}\s{1,8}$/u;
const wideSentenceEnd = /[。！？]/;
const mark = /[*_~`]/;
/** Steps back from a place that is no good to one that may be. */
const maxSteps = 64;

/** Where a text may be cut, and where best. */
export class CutPoints {
  readonly #reading: MarkdownState;
  readonly #text: string;
  /** Both sides of a cut show something: it is behind the first and not behind the last of it. */
  readonly #first: number;
  readonly #last: number;
  readonly #spans: readonly Span[];
  readonly #segments: Intl.Segments;

  /** `last` is the offset of the last visible unit, in this text or beyond it. */
  constructor(reading: MarkdownState, last: number) {
    this.#reading = reading;
    this.#text = reading.text;
    this.#first = this.#text.search(/\S/);
    this.#last = Math.min(last, this.#text.length - 1);
    this.#spans = uncuttableSpans(this.#text);
    this.#segments = graphemes.segment(this.#text);
  }

  /** Boundaries at or below `most`, best first; the page that ends at `most` is full. */
  *best(most: number): Generator<number> {
    const lines = this.#lineStarts(most);
    const leaf = this.#reading.positionAt(most).block.leaf.kind;
    const order = leaf === 'table' || leaf === 'fence' ? fallbacks : preferences;
    for (const [kind, share] of order) {
      const least = most * share;
      const worded = kind === 'sentence' || kind === 'word';
      for (const at of worded ? this.#words(kind, most, least) : (lines.get(kind) ?? [])) {
        if (at >= least && this.#allows(at)) yield at;
      }
    }
    yield* this.#hard(most);
  }

  /** The last boundary between `least` and `most` that tears no sentence and no line. */
  near(most: number, least: number): number | undefined {
    let nearest: number | undefined;
    for (const starts of this.#lineStarts(most).values()) {
      const at = starts.find((start) => start >= least && this.#allows(start));
      if (at !== undefined && at > (nearest ?? -1)) nearest = at;
    }
    for (const at of this.#words('sentence', most, Math.max(least, nearest ?? 0) + 1)) {
      if (this.#allows(at)) return at;
    }
    return nearest;
  }

  /** The first beginning of a block, or of what a heading is over, between `least` and `most`. */
  block(least: number, most: number): number | undefined {
    const starts = this.#lineStarts(most).get('block') ?? [];
    return starts.findLast((start) => start >= least && this.#allows(start));
  }

  /** Whether both parts can be read as they were if the text is cut here. */
  allows(at: number): boolean {
    return this.#allows(at);
  }

  /** The starts of lines by kind, last first. */
  #lineStarts(most: number): Map<CutKind, number[]> {
    const found = new Map<CutKind, number[]>();
    for (let index = this.#reading.indexAt(most); index > 0; index--) {
      const line = this.#reading.lines[index];
      const kind = line && line.start <= most ? this.#kindOf(line, index) : undefined;
      if (!line || !kind) continue;
      const starts = found.get(kind) ?? [];
      starts.push(line.start);
      found.set(kind, starts);
    }
    return found;
  }

  #kindOf(line: Line, index: number): CutKind | undefined {
    const { lines } = this.#reading;
    const previous = lines[index - 1]?.kind;
    if (line.kind === 'blank' || line.kind === 'closer' || line.kind === 'delimiter')
      return undefined;
    if (line.goesOn) {
      if (line.kind === 'rule') return undefined;
      if (previous === 'delimiter') return 'heading';
      if (line.kind === 'text') return 'line';
      return lines[index - 1]?.end === lines[index - 1]?.content ? 'blank' : 'row';
    }
    // A heading stays with what it is the heading of.
    for (let before = index - 1; before >= 0; before--) {
      const kind = lines[before]?.kind;
      if (kind === 'heading') return 'heading';
      if (kind !== 'blank') break;
    }
    const outer = line.within.containers.length === 0 || line.before.containers.length === 0;
    return outer ? 'block' : 'item';
  }

  /** Ends of words, or of sentences, last first. */
  *#words(kind: CutKind, most: number, least: number): Generator<number> {
    for (let at = Math.min(most, this.#last); at >= least && at > this.#first; at--) {
      const before = this.#text[at - 1] ?? '';
      const spaced = /\s/.test(before) && /\S/.test(this.#text[at] ?? '');
      const wide = kind === 'sentence' && wideSentenceEnd.test(before);
      if (!spaced && !wide) continue;
      const { line, block, middle } = this.#reading.positionAt(at);
      if (!line || !middle || indentAt(this.#text, line.content, line.end).at >= at) continue;
      if (kind === 'sentence') {
        if (block.leaf.kind === 'fence') continue;
        if (!wide && !sentenceEnd.test(this.#text.slice(Math.max(0, at - 20), at))) continue;
      }
      yield at;
    }
  }

  /** Places between characters, where there is nothing better; shorter and shorter pages. */
  *#hard(most: number): Generator<number> {
    for (let from = most; from > this.#first; from = Math.min(from - 1, Math.floor(from * 0.9))) {
      let spare: number | undefined;
      let at = this.#whole(from, most);
      if (at <= this.#first) return;
      for (let step = 0; step < maxSteps && at > this.#first; step++) {
        const calm = !mark.test(this.#text[at - 1] ?? '') && !mark.test(this.#text[at] ?? '');
        if (calm && this.#allows(at, most)) {
          yield at;
          break;
        }
        if (!this.#reading.splitsFence(at)) spare ??= at;
        at = this.#whole(this.#wordEnd(at) - 1, most);
      }
      if (spare !== undefined) yield spare;
    }
  }

  /** The place at or below `at` that is in no grapheme and no construct that fits on a page. */
  #whole(at: number, most: number): number {
    const grapheme = this.#segments.containing(at)?.index ?? at;
    const span = spanAt(this.#spans, grapheme);
    const inside = span && span.start > this.#first && span.end - span.start <= most;
    const place = inside ? span.start : grapheme;
    if (this.#reading.positionAt(place).block.leaf.kind === 'fence')
      return Math.min(place, this.#last);
    // White space stays on the page before.
    let next = place;
    while (next < this.#last && /\s/.test(this.#text[next] ?? '')) next++;
    return Math.min(next, this.#last);
  }

  /** Where the white space before `at` begins. */
  #wordEnd(at: number): number {
    let end = at;
    while (end > this.#first && /\s/.test(this.#text[end - 1] ?? '')) end--;
    return end;
  }

  /** Whether the text can be cut here and both parts still be read as they were. */
  #allows(at: number, most?: number): boolean {
    if (at <= this.#first || at > this.#last) return false;
    const span = spanAt(this.#spans, at);
    const larger =
      span && most !== undefined && (span.start <= this.#first || span.end - span.start > most);
    if (span && !larger) return false;
    const { line, block, middle } = this.#reading.positionAt(at);
    if (!line) return false;
    if (block.leaf.kind === 'fence') return line.kind === 'code' && !this.#reading.splitsFence(at);
    if (this.#mergesMarks(at)) return false;
    if (!middle) return true;
    if (line.kind === 'delimiter' || line.kind === 'rule') return false;
    return at > line.content && !looksLikeBlock(this.#text.slice(at, at + 200));
  }

  /** Whether a mark in the text would grow longer by the marks that are put beside it. */
  #mergesMarks(at: number): boolean {
    const seen = this.#text.slice(0, at).trimEnd();
    const beside = [seen.at(-1) ?? '', this.#text[at] ?? ''];
    if (!beside.some((char) => mark.test(char))) return false;
    const inner = this.#reading.marksAt(at).at(-1);
    return inner !== undefined && beside.includes(inner);
  }
}
