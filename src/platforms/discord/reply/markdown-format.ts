import type { PageFormat } from '../../../core/ports/surface.ts';
import { showMismatchedTargets } from '../../common/masked-links.ts';
import { maxFenceMarks } from '../../../core/reply/pages/markdown/blocks.ts';

/** Discord refuses longer messages; it counts code points. */
const limitCodePoints = 2_000;

/** How Discord shows an answer: it knows no tables, and three sizes of headings. */
export const discordFormat: PageFormat = {
  limit: limitCodePoints,
  render,
  size: codePoints,
};

function render(markdown: string): string {
  const lines = markdown.split('\n');
  const shown: string[] = [];
  let prose: string[] = [];
  const showBlock = ({ text, lines: taken }: Pick<Fence, 'text' | 'lines'>): number => {
    if (prose.length > 0) shown.push(showMismatchedTargets(prose.join('\n')));
    prose = [];
    for (const line of text) shown.push(line);
    return taken;
  };
  for (let at = 0; at < lines.length;) {
    const fence = fenceAt(lines, at);
    const table = fence === undefined ? tableAt(lines, at) : undefined;
    if (fence !== undefined) {
      at += showBlock(fence);
    } else if (table !== undefined) {
      const block = ['```', ...tableAsText(table.rows), '```'];
      at += showBlock({ text: block.map((line) => table.lead + line), lines: table.lines });
    } else {
      prose.push(smallHeading(lines[at] ?? ''));
      at += 1;
    }
  }
  showBlock({ text: [], lines: 0 });
  return shown.join('\n');
}

/** Headings below the third size would be shown as written. */
function smallHeading(line: string): string {
  if (!line.includes('####')) return line;
  const [marks, lead = ''] =
    /^((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)#{4,6}[ \t]/.exec(line) ?? [];
  if (marks === undefined) return line;
  const written = line.slice(marks.length).trim();
  // Marks may close it, too.
  const open = written.replace(/(?<!#)#+$/, '');
  const title = /\s$/.test(open) ? open.trimEnd() : written;
  const plain = title.replaceAll('**', '');
  return plain === '' ? line : `${lead}**${plain}**`;
}

function codePoints(text: string): number {
  let count = text.length;
  // A pair of surrogates is one code point; a half alone counts as one, too.
  for (let at = 0; at < text.length - 1; at += 1) {
    if (!isHigh(text.charCodeAt(at)) || !isLow(text.charCodeAt(at + 1))) continue;
    count -= 1;
    at += 1;
  }
  return count;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** What may stand before a fence: quotes and items of lists. */
const opener = /^((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)(`{3,}|~{3,})(.*)$/s;
const language = /^[a-z0-9_+\-.#]+$/i;

/** A block of code as Discord reads it. */
interface Fence {
  readonly text: readonly string[];
  /** How many lines of the source it takes. */
  readonly lines: number;
}

/**
 * The block of code that begins on this line, if one does. Discord knows three backticks and no
 * other fence, and a language of one word behind them; else it shows the marks.
 */
function fenceAt(lines: readonly string[], at: number): Fence | undefined {
  const [, lead = '', marks = '', info = ''] = opener.exec(lines[at] ?? '') ?? [];
  if (marks === '' || marks.length > maxFenceMarks) return undefined;
  if (marks.startsWith('`') && info.includes('`')) return undefined;
  const [word = ''] = info.trim().split(/\s/);
  const text = [`${lead}\`\`\`${language.test(word) ? word : ''}`];
  const quote = /^[ \t]*(?:>[ \t]?)+/.exec(lead)?.[0];
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (quote !== undefined && !/^[ \t]*>/.test(line)) {
      // The quote is over, and with it what was open in it.
      return { text: [...text, `${quote}\`\`\``], lines: text.length };
    }
    const [, before = '', closing = ''] = /^([ \t>]*)(`{3,}|~{3,})[ \t\r]*$/.exec(line) ?? [];
    if (closing.startsWith(marks)) {
      return { text: [...text, `${before}\`\`\``], lines: text.length + 1 };
    }
    text.push(broken(line));
  }
  return { text, lines: text.length };
}

/** Three backticks would end the block. */
function broken(code: string): string {
  return code.replaceAll('```', '`\u200b`\u200b`');
}

/** A wider cell is shown whole, but does not make every other row as wide. */
const widestPadding = 40;

/** Quotes may stand before each line. */
const quotes = /^(?:[ \t]*>[ \t]?)+/;
const delimiter = /^:?-+:?$/;
/** What ends a table without a blank line. */
const otherBlock = /^ {0,3}(>|#{1,6}[ \t]|`{3}|~{3}|[-*+][ \t]|\d{1,9}[.)][ \t])/;

interface Table {
  /** Cells by row; the first row is the header. */
  readonly rows: readonly (readonly string[])[];
  /** What stands before each line: the marks of quotes. */
  readonly lead: string;
  /** How many lines of the source it takes. */
  readonly lines: number;
}

/** The GFM table that begins on this line, if one does. */
function tableAt(lines: readonly string[], at: number): Table | undefined {
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
function tableAsText(rows: Table['rows']): string[] {
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
