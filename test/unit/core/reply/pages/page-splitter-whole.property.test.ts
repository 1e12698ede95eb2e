import fc from 'fast-check';
import type { Tokens } from 'marked';
import { lexer } from 'marked';
import { expect, test } from 'vitest';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import {
  brokenDocument,
  document,
  fencedDocument,
  markedDocument,
  pieces,
  tableDocument,
} from './markdown-arbitrary.ts';
import { asIs } from './page-formats.ts';
import {
  cutsOf,
  fences,
  finished,
  forAll,
  graphemeStarts,
  none,
  runs,
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
  forAll(fencedDocument, { min: 120, max: 600 }, (text, limit, lengths) => {
    const pages = finished(text, asIs(limit), lengths);
    expect(joined(pages.flatMap((page) => fences(page.text)))).toBe(joined(fences(text)));
  });
});

test('no text is lost, and no character or construct is torn', () => {
  const torn = /\[[^\]\n]+\]\(\S+?\)(?=\s|$)|<[@!#][^>\n]+>|https?:\/\/[^\s)>]+|:tada:|@somebody/g;
  forAll(document, { min: 160, max: 600 }, (text, limit, lengths) => {
    const pages = finished(text, asIs(limit), lengths);
    for (const page of pages) expect(holds(page.text, page.source)).toBe(true);
    const starts = graphemeStarts(text);
    const cuts = cutsOf(pages);
    none(cuts.filter((at) => !starts.has(at)));
    for (const { index, 0: match } of text.matchAll(torn)) {
      none(cuts.filter((at) => at > index && at < index + match.length));
    }
  });
});

test('a closing note stands outside of everything, whatever is open', () => {
  forAll(
    brokenDocument,
    { min: 120, max: 600 },
    (text, limit, lengths) => {
      const pages = finished(text, asIs(limit), lengths, 'The model stopped.');
      const last = lexer(pages.at(-1)?.text ?? '').findLast(({ type }) => type !== 'space');
      expect(last).toMatchObject({ type: 'paragraph', raw: 'The model stopped.' });
    },
    runs / 2,
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
  forAll(markedDocument, { min: 120, max: 400 }, (text, limit, lengths) => {
    fc.pre(strayMarks(text).length === 0);
    const pages = finished(text, asIs(limit), lengths);
    none(pages.flatMap((page) => strayMarks(page.text)));
  });
});

test('the live page shows no open mark', () => {
  forAll(markedDocument, { min: 120, max: 400 }, (text, limit, lengths) => {
    fc.pre(strayMarks(text).length === 0);
    const pages = new PageSplitter(asIs(limit));
    for (const piece of pieces(text, lengths)) {
      pages.push(piece);
      const live = pages.live();
      // Marks at the very end may open or close something yet.
      if (live && /[^*_~`\uD800-\uDBFF]$/.test(live.source.trimEnd())) none(strayMarks(live.text));
    }
  });
});

test('a table goes on as a table: every cell is in one, at every page', () => {
  const cells = (markdown: string): string[] =>
    (tokensOf(markdown, 'table') as Tokens.Table[]).flatMap(({ rows }) =>
      rows.flatMap((row) => row.map(({ text }) => text)).filter((cell) => cell !== ''),
    );
  forAll(tableDocument, { min: 500, max: 900 }, (text, limit, lengths) => {
    const pages = finished(text, asIs(limit), lengths);
    expect(pages.flatMap((page) => cells(page.text))).toEqual(cells(text));
  });
});
