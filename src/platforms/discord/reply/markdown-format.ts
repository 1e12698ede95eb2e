import type { PageFormat } from '../../../core/ports/surface.ts';
import { honestLinks } from '../../common/masked-links.ts';
import { type Fence, fenceAt } from './code-fence.ts';
import { tableAsText, tableAt } from './table-as-code-block.ts';

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
    if (prose.length > 0) shown.push(honestLinks(prose.join('\n')));
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
