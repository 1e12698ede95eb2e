import fc from 'fast-check';
import type { Tokens } from 'marked';
import { lexer } from 'marked';
import { expect, test } from 'vitest';
import { Pages } from '../../../src/core/reply/pages.ts';
import {
  brokenDocument,
  document,
  fencedDocument,
  markedDocument,
  pieces,
  rhythm,
  tableDocument,
} from './markdown-arbitrary.ts';
import { asIs } from './page-formats.ts';
import {
  cutsOf,
  fences,
  finished,
  graphemeStarts,
  none,
  runs,
  seed,
  tokensOf,
} from './page-reading.ts';

/** Whether the visible characters of `part` stand in `text` in this order. */
function holds(text: string, part: string): boolean {
  let at = 0;
  for (const char of part.toWellFormed()) {
    if (/\s/.test(char)) continue;
    at = text.indexOf(char, at) + char.length;
    if (at < char.length) return false;
  }
  return true;
}

test('code survives the cuts, blank lines and indents too', () => {
  const joined = (codes: readonly Tokens.Code[]): string =>
    codes
      .map(({ text }) => text)
      .join('\n')
      .replaceAll('\n', '');
  fc.assert(
    fc.property(
      fencedDocument,
      fc.integer({ min: 120, max: 600 }),
      rhythm,
      (text, limit, lengths) => {
        const pages = finished(text, asIs(limit), lengths);
        expect(joined(pages.flatMap((page) => fences(page.text)))).toBe(joined(fences(text)));
      },
    ),
    { seed, numRuns: runs },
  );
});

test('no text is lost, and no character or construct is torn', () => {
  const torn = /\[[^\]\n]+\]\(\S+?\)(?=\s|$)|<[@!#][^>\n]+>|https?:\/\/[^\s)>]+|:tada:|@somebody/g;
  fc.assert(
    fc.property(document, fc.integer({ min: 160, max: 600 }), rhythm, (text, limit, lengths) => {
      const pages = finished(text, asIs(limit), lengths);
      for (const page of pages) expect(holds(page.text, page.source)).toBe(true);
      const starts = graphemeStarts(text);
      const cuts = cutsOf(pages);
      none(cuts.filter((at) => !starts.has(at)));
      for (const { index, 0: match } of text.matchAll(torn)) {
        none(cuts.filter((at) => at > index && at < index + match.length));
      }
    }),
    { seed, numRuns: runs },
  );
});

test('a closing note stands outside of everything, whatever is open', () => {
  fc.assert(
    fc.property(
      brokenDocument,
      fc.integer({ min: 120, max: 600 }),
      rhythm,
      (text, limit, lengths) => {
        const pages = finished(text, asIs(limit), lengths, 'The model stopped.');
        const last = lexer(pages.at(-1)?.text ?? '').findLast(({ type }) => type !== 'space');
        expect(last).toMatchObject({ type: 'paragraph', raw: 'The model stopped.' });
      },
    ),
    { seed, numRuns: runs / 2 },
  );
});

/** Marks that people would see as characters. */
function strayMarks(markdown: string): string[] {
  return (tokensOf(markdown, 'text') as Tokens.Text[])
    .filter(({ tokens }) => tokens === undefined)
    .map(({ text }) => text)
    .filter((text) => /[*_~`]/.test(text));
}

test('emphasis and code are closed and opened again at a cut: no mark is left to see', () => {
  fc.assert(
    fc.property(
      markedDocument,
      fc.integer({ min: 120, max: 400 }),
      rhythm,
      (text, limit, lengths) => {
        fc.pre(strayMarks(text).length === 0);
        const pages = finished(text, asIs(limit), lengths);
        none(pages.flatMap((page) => strayMarks(page.text)));
      },
    ),
    { seed, numRuns: runs },
  );
});

test('the live page shows no open mark', () => {
  fc.assert(
    fc.property(
      markedDocument,
      fc.integer({ min: 120, max: 400 }),
      rhythm,
      (text, limit, lengths) => {
        fc.pre(strayMarks(text).length === 0);
        const pages = new Pages(asIs(limit));
        for (const piece of pieces(text, lengths)) {
          pages.push(piece);
          const live = pages.live();
          // Marks at the very end may open or close something yet.
          if (live && /[^*_~`\uD800-\uDBFF]$/.test(live.source.trimEnd()))
            none(strayMarks(live.text));
        }
      },
    ),
    { seed, numRuns: runs },
  );
});

test('a table goes on as a table: every cell is in one, at every page', () => {
  const cells = (markdown: string): string[] =>
    (tokensOf(markdown, 'table') as Tokens.Table[]).flatMap(({ rows }) =>
      rows.flatMap((row) => row.map(({ text }) => text)).filter((cell) => cell !== ''),
    );
  fc.assert(
    fc.property(
      tableDocument,
      fc.integer({ min: 500, max: 900 }),
      rhythm,
      (text, limit, lengths) => {
        const pages = finished(text, asIs(limit), lengths);
        expect(pages.flatMap((page) => cells(page.text))).toEqual(cells(text));
      },
    ),
    { seed, numRuns: runs },
  );
});
