// Tested by test/unit/core/reply/pages/page-splitter.test.ts
import { type Block, closes, type Fence, type Line, outside } from './markdown/blocks.ts';
import {
  type Container,
  continuation,
  indentAt,
  isRule,
  matchContainers,
} from './markdown/containers.ts';

/** The markdown that one page leaves open for the next. */
export interface CarryOver {
  readonly block: Block;
  /** Whether the cut is in the middle of a line. */
  readonly middle: boolean;
  /** Open emphasis and code, outermost first, such as "**`". */
  readonly marks: string;
  /** Bars of a table's row before the cut. */
  readonly bars: number;
}

/** How a page begins. */
export interface PagePrefix {
  /** Text that is put before the slice. */
  readonly prefix: string;
  /** Units of the slice that the prefix replaces, or that are not shown. */
  readonly skip: number;
  readonly shift: Dedent;
}

export const nothingCarried: CarryOver = { block: outside, middle: false, marks: '', bars: 0 };

/** Keeps a rest of a line from being read as a heading, a list, a fence. */
const wordJoiner = '\u2060';
const blockMark =
  /^(?:#{1,6}(?:\s|$)|>|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|`{3}|~{3}|\||[-=]+[ \t]*(?:\n|$))/;
const onlyFence = /^(?:`+|~+)$/;

/** Whether this rest of a line, at the start of a page, would be read as more than text. */
export function looksLikeBlock(rest: string): boolean {
  const line = rest.slice(0, 200).trimStart();
  const end = line.indexOf('\n');
  const first = end < 0 ? line : line.slice(0, end);
  return blockMark.test(line) || onlyFence.test(first) || isRule(first);
}

function opener({ marker, indent, info }: Fence, brief: boolean): string {
  return ' '.repeat(indent) + marker + (brief ? '' : info);
}

function tableHead(lead: string, header: string, delimiter: string): string {
  return `${lead}${header}\n${lead}${delimiter}\n`;
}

/** Marks and the text behind them, kept from being read as something else. */
function reopened(marks: string, text: string): string {
  const before = looksLikeBlock(marks + text.slice(0, 200)) ? wordJoiner : '';
  return before + marks + separatorOf(marks, text);
}

/** A separator that keeps marks from merging with those that the text begins or ends with. */
export function separatorOf(one: string, other: string): string {
  return one !== '' && one.at(-1) === other[0] ? wordJoiner : '';
}

/** How a page begins in the middle of a line. */
function openMiddle(seam: CarryOver, text: string, brief: boolean): PagePrefix {
  const { containers, leaf } = seam.block;
  const shift = dedentFor(containers);
  const lead = lineStart(containers, shift);
  const opening = (prefix: string): PagePrefix => ({ prefix: lead + prefix, skip: 0, shift });
  switch (leaf.kind) {
    case 'fence': {
      const newline = text.indexOf('\n');
      const closing = closes(leaf.fence, newline < 0 ? text : text.slice(0, newline));
      return opening(`${opener(leaf.fence, brief)}\n${lead}${closing ? wordJoiner : ''}`);
    }
    case 'table': {
      if (brief) return opening(seam.marks);
      const head = tableHead(lead, leaf.table.header, leaf.table.delimiter);
      return { prefix: `${head}${lead}${'| '.repeat(seam.bars)}${seam.marks}`, skip: 0, shift };
    }
    case 'heading':
      return opening(`${leaf.marker} ${seam.marks}`);
    case 'code':
      return opening('    ');
    case 'paragraph':
    case 'none':
      break;
  }
  return opening(reopened(seam.marks, text));
}

/**
 * How the page that begins with `text` opens what the page before left open. `first` is its first
 * line, read; `brief` leaves out a table's header or a fence's info where it would fill the page.
 */
export function prefixFor(
  seam: CarryOver,
  text: string,
  first: Line | undefined,
  brief: boolean,
): PagePrefix {
  if (seam.middle) return openMiddle(seam, text, brief);
  const { containers, leaf } = seam.block;
  const { matched } = matchContainers(containers, text, 0, first?.end ?? 0);
  const shift = dedentFor(containers.slice(0, matched));
  const fresh: PagePrefix = { prefix: '', skip: 0, shift };
  if (!first?.goesOn) return fresh;
  const lead = lineStart(containers, shift);
  if (leaf.kind === 'fence') {
    // The page before closed the fence already.
    if (first.kind === 'closer') return { ...fresh, skip: first.end };
    return { ...fresh, prefix: `${lead}${opener(leaf.fence, brief)}\n` };
  }
  if (leaf.kind === 'table' && !brief) {
    return { ...fresh, prefix: tableHead(lead, leaf.table.header, leaf.table.delimiter) };
  }
  if (leaf.kind === 'paragraph' && first.kind === 'text') {
    // The line may be too lazy to repeat its containers' marks.
    const rest = text.slice(first.content);
    const whole = dedentFor(containers);
    const prefix = lineStart(containers, whole) + reopened(seam.marks, rest);
    return { prefix, skip: first.content, shift: whole };
  }
  return fresh;
}

/**
 * A page that begins inside a list has no item around its first lines, and their indent would make
 * code of them. So they are moved to the left by the columns that belong to the item.
 */
export interface Dedent {
  /** Quotes that all of this stands in. */
  readonly quotes: number;
  readonly columns: number;
}

export const noDedent: Dedent = { quotes: 0, columns: 0 };

/** The shift for lines inside these containers: by the items behind the outermost quotes. */
function dedentFor(containers: readonly Container[]): Dedent {
  const quotes = containers.findIndex(({ kind }) => kind === 'item');
  if (quotes < 0) return noDedent;
  const rest = containers.slice(quotes);
  const inner = rest.findIndex(({ kind }) => kind === 'quote');
  const items = inner < 0 ? rest : rest.slice(0, inner);
  return { quotes, columns: items.reduce((sum, { indent }) => sum + indent, 0) };
}

/** How lines inside these containers begin on a page with this shift. */
export function lineStart(containers: readonly Container[], shift: Dedent): string {
  const head = continuation(containers.slice(0, shift.quotes));
  const tail = continuation(containers.slice(shift.quotes));
  const spaces = tail.length - tail.trimStart().length;
  return head + tail.slice(Math.min(spaces, shift.columns));
}

/** Where the line goes on behind its quotes, or -1 if it has fewer. */
function skipQuotes(text: string, start: number, end: number, quotes: number): number {
  let at = start;
  for (let left = quotes; left > 0; left--) {
    const next = indentAt(text, at, end).at;
    if (next >= end || text[next] !== '>') return -1;
    at = Math.min(end, next + (text[next + 1] === ' ' ? 2 : 1));
  }
  return at;
}

/**
 * Shifts each line from the offset `from` on. A line with less indent has left the item, and what
 * is left of the shift is its own: the items around it have no begin on this page either.
 */
export function applyDedent(
  text: string,
  shift: Dedent,
  from: number,
): { text: string; left: Dedent } {
  let columns = shift.columns;
  let start = from;
  let shifted = text.slice(0, from);
  while (columns > 0 && start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const at = skipQuotes(text, start, end, shift.quotes);
    const indent = at < 0 ? { at: start, columns: 0 } : indentAt(text, at, end);
    if (indent.at < end) columns = Math.min(columns, indent.columns);
    const kept = ' '.repeat(Math.max(0, indent.columns - columns));
    shifted += text.slice(start, Math.max(at, start)) + kept + text.slice(indent.at, end + 1);
    start = end + 1;
  }
  return { text: shifted + text.slice(start), left: { quotes: shift.quotes, columns } };
}
