import fc from 'fast-check';
import type { Token, Tokens } from 'marked';
import { lexer } from 'marked';
import { expect, test } from 'vitest';
import type { PageFormat } from '../../../src/core/ports/surface.ts';
import type { Page } from '../../../src/core/reply/pages.ts';
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
import { asIs, codePoints, escapedBytes, padded } from './page-formats.ts';

/** Another one, such as PAGES_SEED=7, looks for what this one does not find. */
const seed = Number(process.env['PAGES_SEED'] ?? 20_261_122);
const runs = 1_200;

function allPages(pages: Pages): Page[] {
  const live = pages.live();
  return live ? [...pages.frozen, live] : [...pages.frozen];
}

function finished(
  text: string,
  format: PageFormat,
  lengths: readonly number[],
  note?: string,
): Page[] {
  const pages = new Pages(format);
  for (const piece of pieces(text, lengths)) {
    pages.push(piece);
    pages.settle();
  }
  pages.end(note);
  return allPages(pages);
}

/** All tokens of a kind, however deep. */
function tokensOf(markdown: string, type: string): Token[] {
  const found: Token[] = [];
  const visit = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      if (token.type === type) found.push(token);
      if ('tokens' in token && token.tokens) visit(token.tokens);
      if (token.type === 'list') visit((token as Tokens.List).items);
      if (token.type === 'table') {
        const { header, rows } = token as Tokens.Table;
        for (const cell of [header, ...rows].flat()) visit(cell.tokens);
      }
    }
  };
  visit(lexer(markdown));
  return found;
}

function fences(markdown: string): Tokens.Code[] {
  return (tokensOf(markdown, 'code') as Tokens.Code[]).filter(
    ({ codeBlockStyle }) => codeBlockStyle !== 'indented',
  );
}

function isClosed({ raw }: Tokens.Code): boolean {
  const lines = raw.trimEnd().split('\n');
  const marker = /^ *(`{3,}|~{3,})/.exec(lines[0] ?? '')?.[1] ?? '';
  const last = (lines.at(-1) ?? '').trim();
  return lines.length > 1 && last.startsWith(marker) && new Set(last).size === 1;
}

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

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemeStarts(text: string): Set<number> {
  return new Set(Array.from(graphemes.segment(text), ({ index }) => index));
}

function cutsOf(pages: readonly Page[]): number[] {
  let at = 0;
  return pages.slice(0, -1).map(({ source }) => (at += source.length));
}

const format = fc.oneof(
  fc.integer({ min: 120, max: 600 }).map(asIs),
  fc.integer({ min: 120, max: 600 }).map(escapedBytes),
  fc.integer({ min: 120, max: 600 }).map(codePoints),
  fc.integer({ min: 120, max: 600 }).map(padded),
);
const tinyFormat = fc.oneof(
  fc.integer({ min: 12, max: 60 }).map(asIs),
  fc.integer({ min: 12, max: 60 }).map(escapedBytes),
);

/** What is wrong with a page by itself, if anything. */
function faultOf(page: Page, form: PageFormat): string | undefined {
  if (form.size(page.text) > form.limit) return `${form.size(page.text)} > ${form.limit}`;
  if (page.source.trim() === '' || page.text.trim() === '') return 'nothing to see';
  return page.text.isWellFormed() ? undefined : 'half a surrogate pair';
}

function keepsItsPromises(text: string, form: PageFormat, lengths: readonly number[]): void {
  const pages = new Pages(form);
  const frozen: Page[] = [];
  let frozenSource = '';
  let written = '';
  const check = (): void => {
    const live = pages.live();
    for (const page of pages.frozen.slice(frozen.length)) {
      frozen.push({ ...page });
      frozenSource += page.source;
      expect(faultOf(page, form)).toBe(undefined);
    }
    if (live) expect(faultOf(live, form)).toBe(undefined);
    if (live || frozen.length > 0) expect(frozenSource + (live?.source ?? '')).toBe(written);
    else expect(written.replace(/[\uD800-\uDBFF]$/, '').trim()).toBe('');
  };
  for (const piece of pieces(text, lengths)) {
    pages.push(piece);
    written += piece;
    check();
  }
  pages.end();
  check();
  expect(pages.frozen).toEqual(frozen);
  expect(pages.length).toBe(text.length);
}

test('a page that pauses can stay, and the rest go on the next one: nothing is lost or torn', () => {
  fc.assert(
    fc.property(
      document,
      format,
      rhythm,
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      (text, form, lengths, share) => {
        const pages = new Pages(form);
        const at = Math.floor(text.length * share);
        for (const piece of pieces(text.slice(0, at), lengths)) pages.push(piece);
        const pause = pages.pause();
        const before = pages.frozen.length;
        pages.push(text.slice(at));
        pages.end();
        if (pause === undefined || pages.frozen.length !== before) return;
        expect(form.size(pause.text)).toBeLessThanOrEqual(form.limit);
        const split = pages.rest(pause.source);
        if (split?.first.text !== pause.text) return;
        pages.take(split);
        const all = allPages(pages);
        expect(all).toHaveLength(before + 2);
        expect(all.at(-2)).toEqual({ source: pause.source, text: pause.text });
        expect(all.at(-1)?.text).toBe(split.rest);
        expect(all.map(({ source }) => source).join('')).toBe(text);
        for (const page of all) expect(faultOf(page, form)).toBeUndefined();
        for (const cut of cutsOf(all)) expect(graphemeStarts(text)).toContain(cut);
        for (const page of all)
          for (const fence of fences(page.text)) expect(isClosed(fence)).toBe(true);
      },
    ),
    { numRuns: 600, seed },
  );
});

test('at every prefix: pages within the limit, slices join to the source, frozen pages stay', () => {
  fc.assert(fc.property(document, format, rhythm, keepsItsPromises), { seed, numRuns: runs });
});

test('the same for broken markdown', () => {
  fc.assert(fc.property(brokenDocument, format, rhythm, keepsItsPromises), {
    seed,
    numRuns: runs,
  });
});

test('the same on pages of a few characters', () => {
  fc.assert(fc.property(brokenDocument, tinyFormat, rhythm, keepsItsPromises), {
    seed,
    numRuns: runs / 2,
  });
});

test('every page is a whole text: no fence is left open, also while it is written', () => {
  fc.assert(
    fc.property(document, fc.integer({ min: 120, max: 600 }), rhythm, (text, limit, lengths) => {
      const pages = new Pages(asIs(limit));
      for (const piece of pieces(text, lengths)) {
        pages.push(piece);
        const live = pages.live();
        if (live) expect(fences(live.text).filter((code) => !isClosed(code))).toEqual([]);
      }
      for (const page of pages.frozen)
        expect(fences(page.text).filter((code) => !isClosed(code))).toEqual([]);
    }),
    { seed, numRuns: runs / 2 },
  );
});

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
      expect(cuts.filter((at) => !starts.has(at))).toEqual([]);
      for (const { index, 0: match } of text.matchAll(torn)) {
        expect(cuts.filter((at) => at > index && at < index + match.length)).toEqual([]);
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
        expect(pages.flatMap((page) => strayMarks(page.text))).toEqual([]);
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
            expect(strayMarks(live.text)).toEqual([]);
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
