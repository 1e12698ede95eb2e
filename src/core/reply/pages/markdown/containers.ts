// Tested by test/unit/core/reply/pages/page-splitter-whole.property.test.ts
/** The container of a line of markdown: a quote, or an item of a list. */
export interface Container {
  readonly kind: 'quote' | 'item';
  /** Columns by which an item's further lines are indented; 0 for a quote. */
  readonly indent: number;
}

/** Deeper nesting is read as text: nobody writes it, and its marks would fill a page. */
export const maxDepth = 10;

const rule = /^([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const marker = /^(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)/;

/** Where the first visible character at or after `from` stands, and its column counted from there. */
export function indentAt(text: string, from: number, end: number): { at: number; columns: number } {
  let at = from;
  let columns = 0;
  for (; at < end; at++) {
    const char = text[at];
    if (char === ' ') columns += 1;
    else if (char === '\t') columns += 4 - (columns % 4);
    else break;
  }
  return { at, columns };
}

/** Skips `columns` columns of white space, or what there is of them. */
function skipColumns(text: string, from: number, end: number, columns: number): number {
  let at = from;
  for (let done = 0; at < end && done < columns; at++) {
    if (text[at] === ' ') done += 1;
    else if (text[at] === '\t') done += 4;
    else break;
  }
  return at;
}

/** Whether the text is a thematic break such as `---`. */
export function isRule(text: string): boolean {
  return rule.test(text);
}

/** How many of the open containers the line from `start` to `end` goes on with, and where. */
export function matchContainers(
  open: readonly Container[],
  text: string,
  start: number,
  end: number,
): { matched: number; at: number } {
  let at = start;
  let matched = 0;
  for (const container of open) {
    const { at: next, columns } = indentAt(text, at, end);
    if (container.kind === 'quote') {
      if (columns > 3 || text[next] !== '>' || next >= end) break;
      at = next + (next + 1 < end && text[next + 1] === ' ' ? 2 : 1);
    } else if (next < end) {
      if (columns < container.indent) break;
      at = skipColumns(text, at, end, container.indent);
    }
    matched += 1;
  }
  return { matched, at };
}

/** The containers that the line opens from `start` on; `interrupting` an open paragraph or not. */
export function openContainers(
  depth: number,
  text: string,
  start: number,
  end: number,
  interrupting: boolean,
): { opened: Container[]; at: number } {
  const opened: Container[] = [];
  let at = start;
  while (depth + opened.length < maxDepth) {
    const { at: next, columns } = indentAt(text, at, end);
    if (columns > 3 || next >= end) break;
    if (text[next] === '>') {
      opened.push({ kind: 'quote', indent: 0 });
      at = next + (next + 1 < end && text[next + 1] === ' ' ? 2 : 1);
      continue;
    }
    const item = marker.exec(text.slice(next, Math.min(end, next + 11)));
    if (!item || isRule(text.slice(next, end))) break;
    const after = next + item[0].length;
    const gap = indentAt(text, after, end);
    const empty = gap.at >= end;
    // Only such items may cut a paragraph short; "1986. A great year" goes on as text.
    if (interrupting && opened.length === 0 && (empty || (item[1] ?? '1') !== '1')) break;
    // Five columns or more are one, and then indented code.
    const padding = empty || gap.columns > 4 ? 1 : gap.columns;
    opened.push({ kind: 'item', indent: columns + item[0].length + padding });
    at = empty ? end : skipColumns(text, after, end, padding);
  }
  return { opened, at };
}

/** How lines inside these containers begin, before any shift: `> ` and spaces. */
export function continuation(containers: readonly Container[]): string {
  return containers
    .map(({ kind, indent }) => (kind === 'quote' ? '> ' : ' '.repeat(indent)))
    .join('');
}
