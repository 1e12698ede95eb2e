// Tested by test/unit/core/reply/pages/page-splitter-whole.property.test.ts
import {
  type Container,
  indentAt,
  isRule,
  matchContainers,
  maxDepth,
  openContainers,
} from './containers.ts';

/** An open code fence, as it must be opened again on the next page. */
export interface Fence {
  /** Such as three backticks. */
  readonly marker: string;
  /** Columns before it, 0 to 3. */
  readonly indent: number;
  readonly info: string;
}

/** A table's first two lines, without what their containers put before them. */
interface Table {
  readonly header: string;
  readonly delimiter: string;
}

/** The innermost block. */
export type Leaf =
  | { readonly kind: 'none' }
  /** `start` is where its text begins, -1 if on an earlier page; `last` is its last line. */
  | { readonly kind: 'paragraph'; readonly start: number; readonly last: string }
  | { readonly kind: 'heading'; readonly start: number; readonly marker: string }
  | { readonly kind: 'fence'; readonly fence: Fence }
  | { readonly kind: 'table'; readonly table: Table }
  /** Indented code. */
  | { readonly kind: 'code' };

/** The containers and the leaf that are open between two lines. */
export interface Block {
  readonly containers: readonly Container[];
  readonly leaf: Leaf;
}

/** A line of markdown and what it is part of. Positions are UTF-16 offsets. */
export interface Line {
  readonly start: number;
  /** Before its newline. */
  readonly end: number;
  /** Where its containers end and its own text begins. */
  readonly content: number;
  /** Whether it goes on with the leaf of the line before. */
  readonly goesOn: boolean;
  readonly kind:
    | 'blank'
    | 'text'
    | 'heading'
    | 'rule'
    | 'opener'
    | 'code'
    | 'closer'
    | 'row'
    | 'delimiter';
  readonly before: Block;
  /** The block that is open in the middle of the line. */
  readonly within: Block;
  readonly after: Block;
}

export const nothing: Leaf = { kind: 'none' };
export const outside: Block = { containers: [], leaf: nothing };

const opener = /^(`{3,})([^`]*)$|^(~{3,})(.*)$/;
const heading = /^#{1,6}(?=[ \t]|$)/;
const maxInfo = 80;
/** A longer row opens none: every page behind it would begin with as many marks. */
export const maxFenceMarks = 200;

/** Whether the text closes the fence: its marks, as many or more, and nothing else. */
export function closes(fence: Fence, text: string): boolean {
  const line = text.trim();
  const char = fence.marker[0] ?? '`';
  return line.length >= fence.marker.length && line === char.repeat(line.length);
}

function fenceOpening(text: string, indent: number): Fence | undefined {
  const match = opener.exec(text);
  const marker = match?.[1] ?? match?.[3] ?? '';
  if (!match || marker.length > maxFenceMarks) return undefined;
  const info = (match[2] ?? match[4] ?? '').trim();
  return { marker, indent, info: info.length > maxInfo ? '' : info };
}

type LineReading = Pick<Line, 'kind' | 'goesOn' | 'content' | 'within' | 'after'>;

/** Reads one line, given what is open before it. CommonMark's rules, as far as cuts need them. */
function readLine(before: Block, text: string, start: number, end: number): LineReading {
  const { matched, at } = matchContainers(before.containers, text, start, end);
  const inside = matched === before.containers.length;
  const leaf = before.leaf;
  const read = (
    kind: Line['kind'],
    containers: readonly Container[],
    content: number,
    within: Leaf,
    after = within,
    goesOn = false,
  ): LineReading => {
    const open = { containers, leaf: within };
    const left = after === within ? open : { containers, leaf: after };
    return { kind, goesOn, content, within: open, after: left };
  };

  if (leaf.kind === 'fence' && inside) {
    const indent = indentAt(text, at, end);
    const closing = indent.columns < 4 && closes(leaf.fence, text.slice(indent.at, end));
    return closing
      ? read('closer', before.containers, at, nothing, nothing, true)
      : read('code', before.containers, at, leaf, leaf, true);
  }

  const kept = before.containers.slice(0, matched);
  const paragraph = leaf.kind === 'paragraph' ? leaf : undefined;
  const more = openContainers(matched, text, at, end, inside && paragraph !== undefined);
  const fresh = more.opened.length > 0;
  const containers = fresh ? [...kept, ...more.opened] : kept;
  const indent = indentAt(text, more.at, end);
  const content = indent.at;
  const rest = text.slice(content, end);
  const same = inside && !fresh;

  if (rest.trim() === '') return read('blank', containers, content, nothing);
  if (indent.columns > 3 && !paragraph && containers.length < maxDepth) {
    return read(
      'code',
      containers,
      more.at,
      { kind: 'code' },
      undefined,
      same && leaf.kind === 'code',
    );
  }
  if (indent.columns < 4) {
    const fence = fenceOpening(rest, indent.columns);
    if (fence) return read('opener', containers, content, { kind: 'fence', fence });
    const marker = heading.exec(rest)?.[0];
    if (marker !== undefined) {
      const start = content + marker.length;
      return read('heading', containers, content, { kind: 'heading', start, marker }, nothing);
    }
    const underline = paragraph !== undefined && same && /^(?:-+|=+)[ \t]*$/.test(rest);
    if (underline || isRule(rest))
      return read('rule', containers, content, nothing, nothing, underline);
    if (same && leaf.kind === 'table') return read('row', containers, content, leaf, leaf, true);
    if (paragraph && same && isDelimiterRow(rest) && cellsIn(rest) === cellsIn(paragraph.last)) {
      const table = { header: paragraph.last, delimiter: rest.trimEnd() };
      return read('delimiter', containers, content, nothing, { kind: 'table', table }, true);
    }
  }
  if (paragraph && !fresh) {
    // Also the line that is too lazy to repeat its containers' marks.
    const goesOn: Leaf = { ...paragraph, last: rest };
    return read('text', before.containers, content, goesOn, goesOn, true);
  }
  return read('text', containers, content, { kind: 'paragraph', start: content, last: rest });
}

/** The first line of a page that begins in the middle of one. */
function readRest(open: Block): LineReading {
  const { containers, leaf } = open;
  const after: Block = leaf.kind === 'heading' ? { containers, leaf: nothing } : open;
  const kinds = {
    none: 'text',
    paragraph: 'text',
    heading: 'heading',
    fence: 'code',
    table: 'row',
    code: 'code',
  } as const;
  return { kind: kinds[leaf.kind], goesOn: true, content: 0, within: open, after };
}

/** Reads text line by line. `middle`: it begins in the middle of a line of the open block. */
export function readLines(open: Block, middle: boolean, text: string): Line[] {
  const lines: Line[] = [];
  let before = open;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const reading = middle && start === 0 ? readRest(open) : readLine(before, text, start, end);
    lines.push({ start, end, before, ...reading });
    before = reading.after;
    start = end + 1;
  }
  return lines;
}

const delimiterCell = /^[ \t]*:?-+:?[ \t]*$/;
/** A longer line is no delimiter row that anybody wrote. */
const maxDelimiterRow = 2_000;

/** Offsets of the bars between cells, those behind a backslash left out. */
export function bars(row: string): number[] {
  const found: number[] = [];
  for (let at = 0; at < row.length; at++) {
    if (row[at] === '\\') at++;
    else if (row[at] === '|') found.push(at);
  }
  return found;
}

function cells(row: string): string[] {
  const line = row.trim();
  const cuts = bars(line);
  const all: string[] = [];
  let from = 0;
  for (const cut of cuts) {
    if (cut > 0) all.push(line.slice(from, cut));
    from = cut + 1;
  }
  if (from < line.length || all.length === 0) all.push(line.slice(from));
  return all;
}

/** How many cells the row has. */
function cellsIn(row: string): number {
  return row.includes('|') ? cells(row).length : 0;
}

/** Where the last cell of the row begins. */
export function lastCell(row: string): number {
  return (bars(row).at(-1) ?? -1) + 1;
}

/** Whether the text is the line below a table's header, such as `| --- | :-: |`. */
function isDelimiterRow(text: string): boolean {
  if (text.length > maxDelimiterRow || !/^[-|:]/.test(text) || !text.includes('|')) return false;
  return cells(text).every((cell) => delimiterCell.test(cell));
}

/** Whether the text may be the header of a table whose second line is still to come. */
export function mayBeHeader(text: string): boolean {
  return text.startsWith('|') && /[^|\s]/.test(text) && text.length <= maxDelimiterRow;
}

/** Whether the text may grow into a delimiter row. */
export function mayBeDelimiterRow(text: string): boolean {
  return text.length <= maxDelimiterRow && /^[-|:][-|: \t]*$/.test(text);
}

/** The delimiter row below this header, keeping what `begun` says about alignment. */
export function delimiterRow(header: string, begun = ''): string {
  const written = cells(begun).map((cell) => cell.trim());
  const columns = Array.from({ length: cellsIn(header) }, (_, column) => {
    const cell = written[column] ?? '';
    const whole = column < written.length - 1 || begun.trimEnd().endsWith('|');
    return whole && delimiterCell.test(cell) ? cell : cell.startsWith(':') ? ':--' : '---';
  });
  return `| ${columns.join(' | ')} |`;
}

/** Raw HTML that goes on over blank lines until its own end, by how it begins. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^<!--/, '-->'],
  [/^<\?/, '?>'],
  [/^<![a-z]/i, '>'],
  [/^<!\[CDATA\[/, ']]>'],
  [/^<script(?=[\s>]|$)/i, '</script>'],
  [/^<pre(?=[\s>]|$)/i, '</pre>'],
  [/^<style(?=[\s>]|$)/i, '</style>'],
  [/^<textarea(?=[\s>]|$)/i, '</textarea>'],
];

/** The text that ends the raw HTML that is open after these lines; empty if none is. */
export function htmlEnd(lines: readonly string[]): string {
  let end = '';
  for (const line of lines) {
    if (end === '') end = kinds.find(([begin]) => begin.test(line))?.[1] ?? '';
    if (end !== '' && line.toLowerCase().includes(end.toLowerCase())) end = '';
  }
  return end;
}
