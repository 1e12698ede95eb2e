import { broken } from './code-fence.ts';

/** A wider cell is shown whole, but does not make every other row as wide. */
const widestPadding = 40;

/** Quotes may stand before each line. */
const quotes = /^(?:[ \t]*>[ \t]?)+/;
const delimiter = /^:?-+:?$/;
/** What ends a table without a blank line. */
const otherBlock = /^ {0,3}(>|#{1,6}[ \t]|`{3}|~{3}|[-*+][ \t]|\d{1,9}[.)][ \t])/;

export interface Table {
  /** Cells by row; the first row is the header. */
  readonly rows: readonly (readonly string[])[];
  /** What stands before each line: the marks of quotes. */
  readonly lead: string;
  /** How many lines of the source it takes. */
  readonly lines: number;
}

/** The GFM table that begins on this line, if one does. */
export function tableAt(lines: readonly string[], at: number): Table | undefined {
  const lead = quotes.exec(lines[at] ?? '')?.[0] ?? '';
  const inner = (line = ''): string =>
    quotes.test(line) === (lead !== '') ? line.replace(quotes, '') : '';
  const header = inner(lines[at]);
  if (!header.includes('|') || otherBlock.test(header)) return undefined;
  const delimiters = cellsOf(inner(lines[at + 1]));
  if (!delimiters.every((cell) => delimiter.test(cell))) return undefined;
  const columns = cellsOf(header);
  if (delimiters.length !== columns.length) return undefined;
  const rows = [columns];
  for (let next = at + 2; next < lines.length; next += 1) {
    const line = inner(lines[next]);
    if (line.trim() === '' || otherBlock.test(line)) break;
    rows.push(cellsOf(line));
  }
  return { rows, lead, lines: rows.length + 1 };
}

/** Lines for a code block, the columns aligned, with a rule below the header. */
export function tableAsText(rows: Table['rows']): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      const width = Math.min(widthOf(cell), widestPadding);
      widths[column] = Math.max(widths[column] ?? 0, width);
    });
  }
  const [header = '', ...body] = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join(' | ')
      .trimEnd(),
  );
  return [header, widths.map((width) => '-'.repeat(width)).join('-|-'), ...body];
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner
    .split(/(?<!\\)\|/)
    .map((cell) => broken(cell.trim().replaceAll(String.raw`\|`, '|')));
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const noWidth = /\p{M}|[\u200b-\u200d]/u;

/** Columns of a fixed-width font. */
function widthOf(cell: string): number {
  if (/^[ -~]*$/.test(cell)) return cell.length;
  let width = 0;
  for (const char of cell) {
    if (noWidth.test(char)) continue;
    width += wide.test(char) ? 2 : 1;
  }
  return width;
}
