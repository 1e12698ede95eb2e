import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PageFormat } from '../../../../../src/core/ports/surface.ts';
import type { Page } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { brokenDocument, document, pieces, rhythm } from './markdown-arbitrary.ts';
import { asIs, codePoints, escapedBytes, padded } from './page-formats.ts';
import {
  allPages,
  cutsOf,
  fences,
  graphemeStarts,
  isClosed,
  none,
  runs,
  same,
  seed,
} from './page-reading.ts';

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

/** @param endsEarly pages end with a block behind what was read before the last piece */
const keepsItsPromises =
  (endsEarly: boolean) =>
  (text: string, form: PageFormat, lengths: readonly number[]): void => {
    const pages = new PageSplitter(form);
    const frozen: Page[] = [];
    let frozenSource = '';
    let written = '';
    const check = (): void => {
      const live = pages.live();
      for (const page of pages.frozen.slice(frozen.length)) {
        frozen.push({ ...page });
        frozenSource += page.source;
        same(faultOf(page, form), undefined);
      }
      if (live) same(faultOf(live, form), undefined);
      if (live || frozen.length > 0) same(frozenSource + (live?.source ?? ''), written);
      else same(written.replace(/[\uD800-\uDBFF]$/, '').trim(), '');
    };
    for (const piece of pieces(text, lengths)) {
      pages.push(piece);
      if (endsEarly) pages.endBlock(written.length);
      written += piece;
      check();
    }
    pages.end();
    check();
    expect(pages.frozen).toEqual(frozen);
    expect(pages.length).toBe(text.length);
  };

function everyPromiseIsKept(
  documents: fc.Arbitrary<string>,
  formats: fc.Arbitrary<PageFormat>,
  numRuns: number,
  endsEarly = false,
): void {
  const property = fc.property(documents, formats, rhythm, keepsItsPromises(endsEarly));
  fc.assert(property, { seed, numRuns });
}

/** Thousands of texts: beside the whole suite, on a slow machine, they were seen to take over 30 s. */
const busy = { timeout: 60_000 };

test('a page that pauses can stay, and the rest go on the next one: nothing is lost or torn', () => {
  fc.assert(
    fc.property(
      document,
      format,
      rhythm,
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      (text, form, lengths, share) => {
        const pages = new PageSplitter(form);
        const at = Math.floor(text.length * share);
        for (const piece of pieces(text.slice(0, at), lengths)) pages.push(piece);
        const pause = pages.upToBreak();
        const before = pages.frozen.length;
        pages.push(text.slice(at));
        pages.end();
        if (pause === undefined || pages.frozen.length !== before) return;
        expect(form.size(pause.text)).toBeLessThanOrEqual(form.limit);
        const split = pages.splitAfter(pause.source);
        if (split?.first.text !== pause.text) return;
        pages.applySplit(split);
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

test(
  'at every prefix: pages within the limit, slices join to the source, frozen pages stay',
  busy,
  () => {
    everyPromiseIsKept(document, format, runs);
  },
);

test('the same where pages end early, with a block', () => {
  everyPromiseIsKept(document, format, runs / 4, true);
});

test('a text is cut again where it was cut before, and reads the same', () => {
  let cut = 0;
  let alike = 0;
  fc.assert(
    fc.property(document, format, rhythm, fc.boolean(), (text, form, lengths, endsEarly) => {
      const grown = new PageSplitter(form);
      for (const piece of pieces(text, lengths)) {
        grown.push(piece);
        if (endsEarly) grown.endBlock(grown.length - piece.length);
        else grown.cutFullPages();
      }
      grown.end();
      const before = allPages(grown);
      const pages = new PageSplitter(form);
      pages.push(text);
      for (const { source } of before.slice(0, -1)) if (!pages.endAfter(source)) break;
      pages.end();
      const now = allPages(pages);
      for (const page of now) expect(faultOf(page, form)).toBeUndefined();
      expect(now.map(({ source }) => source).join('')).toBe(text);
      const last = before.length - 1;
      cut += last;
      for (const [index, { source, text: read }] of before.slice(0, last).entries()) {
        if (now[index]?.source === source && now[index].text === read) alike += 1;
      }
    }),
    { numRuns: runs / 4, seed },
  );
  // But for a page that ends where none should, as there was no better place.
  expect(alike / cut).toBeGreaterThan(0.995);
});

test('the same for broken markdown', () => {
  everyPromiseIsKept(brokenDocument, format, runs);
});

test('the same on pages of a few characters', () => {
  everyPromiseIsKept(brokenDocument, tinyFormat, runs / 2);
});

test('every page is a whole text: no fence is left open, also while it is written', busy, () => {
  fc.assert(
    fc.property(document, fc.integer({ min: 120, max: 600 }), rhythm, (text, limit, lengths) => {
      const pages = new PageSplitter(asIs(limit));
      for (const piece of pieces(text, lengths)) {
        pages.push(piece);
        const live = pages.live();
        if (live) none(fences(live.text).filter((code) => !isClosed(code)));
      }
      for (const page of pages.frozen) none(fences(page.text).filter((code) => !isClosed(code)));
    }),
    { seed, numRuns: runs / 2 },
  );
});
