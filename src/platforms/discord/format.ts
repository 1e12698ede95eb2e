import type { PageFormat } from '../../core/ports/surface.ts';
import { tableAsText, tableAt } from './table.ts';

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
  let fence: string | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const table = fence === undefined ? tableAt(lines, at) : undefined;
    if (table !== undefined) {
      shown.push('```', ...tableAsText(table.rows), '```');
      at += table.lines - 1;
      continue;
    }
    shown.push(fence === undefined ? smallHeading(line) : line);
    fence = fenceAfter(line, fence);
  }
  return shown.join('\n');
}

/** The open code fence after this line, if there is one. */
function fenceAfter(line: string, open: string | undefined): string | undefined {
  const [, marks = '', rest = ''] = /^[\s>]*(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  if (marks === '') return open;
  if (open === undefined) return marks.startsWith('`') && rest.includes('`') ? undefined : marks;
  return marks.startsWith(open) && rest.trim() === '' ? undefined : open;
}

/** Headings below the third size would be shown as written. */
function smallHeading(line: string): string {
  const [, title = ''] = /^ {0,3}#{4,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/.exec(line) ?? [];
  const plain = title.replaceAll('**', '');
  return plain === '' ? line : `**${plain}**`;
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
