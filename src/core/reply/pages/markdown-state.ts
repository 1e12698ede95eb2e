// Tested by test/unit/core/reply/pages/page-splitter-whole.property.test.ts
import { bars, type Block, closes, type Line, nothing, readLines } from './markdown/blocks.ts';
import { Marks } from './markdown/emphasis.ts';
import type { CarryOver } from './carry-over.ts';

/** A place in the text: its line, what is open there, and whether the line has begun. */
export interface TextPosition {
  readonly line: Line | undefined;
  readonly block: Block;
  readonly middle: boolean;
}

/** Running text up to a place: where it begins, and the marks carried into it from a page before. */
export interface Inline {
  readonly from: number;
  readonly marks: string;
}

/** Running text that is read once, with the marks that were carried into it. */
interface Paragraph {
  readonly marks: Marks;
  /** Where it is over; undefined while that is not known. */
  readonly over: number | undefined;
}

/** A longer row of marks closes no fence that anybody wrote. */
const maxMarks = 64;

/** The text since the last cut, read as markdown. */
export class MarkdownState {
  readonly seam: CarryOver;
  readonly text: string;
  readonly lines: readonly Line[];
  /** By where they begin. */
  readonly #paragraphs = new Map<number, Paragraph>();
  readonly #bars = new Map<Line, readonly number[]>();

  constructor(seam: CarryOver, text: string) {
    this.seam = seam;
    this.text = text;
    this.lines = readLines(seam.block, seam.middle, text);
  }

  /** Index of the line that holds this offset. */
  indexAt(at: number): number {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lines[middle]?.start ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The block that is open where the text up to `end` ends. */
  positionAt(end: number): TextPosition {
    const line = this.lines[this.indexAt(end)];
    if (!line) return { line, block: this.seam.block, middle: false };
    const { before, within, after } = line;
    if (end === line.start && !(end === 0 && this.seam.middle)) {
      // A fence that ends with its list or quote is still to be closed on this page.
      const leaf = line.goesOn || before.leaf.kind === 'fence' ? before.leaf : nothing;
      return { line, block: { containers: before.containers, leaf }, middle: false };
    }
    // Behind the last line's newline nothing is known of what comes: it may go on.
    if (end > line.end) return { line, block: after, middle: false };
    // A fence is open up to the marks that close it.
    if (line.kind === 'closer' && before.leaf.kind === 'fence') {
      const whole = closes(before.leaf.fence, this.text.slice(line.content, end));
      return { line, block: whole ? after : before, middle: true };
    }
    const whole = line.kind === 'delimiter' && this.text.slice(end, line.end).trim() === '';
    return { line, block: whole ? after : within, middle: true };
  }

  /** Whether a fence would lose the line that closes it, or that is growing to close it. */
  splitsFence(at: number): boolean {
    const { line, block } = this.positionAt(at);
    if (line?.kind === 'closer') return true;
    if (line?.kind !== 'code' || block.leaf.kind !== 'fence') return false;
    const { fence } = block.leaf;
    const rest =
      this.text.slice(Math.max(at, line.content), line.end) || this.#lineBehind(line.end);
    const growing = line.end === this.text.length && fence.marker.startsWith(rest.trim());
    return rest.trim().length <= maxMarks && (growing || closes(fence, rest));
  }

  /** The running text that `end` is in, if it is in any. */
  inlineAt(end: number): Inline | undefined {
    const { line, block, middle } = this.positionAt(end);
    if (!line) return undefined;
    const first = this.lines[0] === line;
    const { leaf } = block;
    if (leaf.kind === 'paragraph' || leaf.kind === 'heading') {
      return leaf.start < 0 ? this.#carried() : { from: leaf.start, marks: '' };
    }
    if (leaf.kind !== 'table' || line.kind !== 'row' || !middle) return undefined;
    const bars = this.#barsBefore(line, end);
    if (first && this.seam.middle && bars === 0) return this.#carried();
    const bar = this.#barsOf(line)[bars - 1];
    return { from: bar === undefined ? line.content : bar + 1, marks: '' };
  }

  /** Marks that are open at `end`, outermost first, without those that will never be closed. */
  marksAt(end: number): string {
    const inline = this.inlineAt(end);
    if (!inline) return '';
    const { from, marks } = inline;
    const paragraph = this.#paragraphAt(end, inline);
    const seen = this.text.slice(from, end).trimEnd().length;
    const open = paragraph.marks.openAt(marks.length + seen);
    const { over } = paragraph;
    if (open.length === 0 || over === undefined) return open.map(({ mark }) => mark).join('');
    const stray = new Set(
      paragraph.marks
        .openAt(marks.length + over - from)
        .map(({ at }) => at)
        .filter((at) => at >= marks.length),
    );
    return open.map(({ at, mark }) => (stray.has(at) ? '' : mark)).join('');
  }

  /** The markdown that the next page carries on if this one ends at `end`. */
  carryOverAt(end: number): CarryOver {
    const { line, block, middle } = this.positionAt(end);
    if (!line) return this.seam;
    const { containers, leaf } = block;
    const carried =
      leaf.kind === 'paragraph' || leaf.kind === 'heading' ? { ...leaf, start: -1 } : leaf;
    const bars = middle && leaf.kind === 'table' ? this.#barsBefore(line, end) : 0;
    return { block: { containers, leaf: carried }, middle, marks: this.marksAt(end), bars };
  }

  #carried(): Inline {
    const first = this.lines[0];
    return { from: this.seam.middle ? 0 : (first?.content ?? 0), marks: this.seam.marks };
  }

  #paragraphAt(end: number, { from, marks }: Inline): Paragraph {
    const known = this.#paragraphs.get(from);
    if (known) return known;
    const over = this.#inlineEnd(end);
    const text = marks + this.text.slice(from, over);
    const paragraph = { marks: new Marks(text), over };
    this.#paragraphs.set(from, paragraph);
    return paragraph;
  }

  /** Offsets of the bars in a row. */
  #barsOf(row: Line): readonly number[] {
    let found = this.#bars.get(row);
    if (!found) {
      found = bars(this.text.slice(row.content, row.end)).map((at) => row.content + at);
      this.#bars.set(row, found);
    }
    return found;
  }

  /** How many bars of the row stand before `end`. */
  #barsBefore(row: Line, end: number): number {
    const found = this.#barsOf(row);
    let low = 0;
    let high = found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((found[middle] ?? end) < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the running text around `end` is over; undefined while that is not known. */
  #inlineEnd(end: number): number | undefined {
    const index = this.indexAt(end);
    const line = this.lines[index];
    if (line?.kind === 'row') {
      const bar = this.#barsOf(line)[this.#barsBefore(line, end)];
      if (bar !== undefined) return bar;
    }
    if (!line || line.within.leaf.kind !== 'paragraph') {
      return line && line.end < this.text.length ? line.end : undefined;
    }
    for (let next = index + 1; next < this.lines.length; next++) {
      const following = this.lines[next];
      if (!following?.goesOn || following.kind !== 'text') return this.lines[next - 1]?.end;
    }
    return undefined;
  }

  #lineBehind(end: number): string {
    const newline = this.text.indexOf('\n', end + 1);
    return this.text.slice(end + 1, newline < 0 ? this.text.length : newline);
  }
}
