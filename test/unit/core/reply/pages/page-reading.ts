import fc from 'fast-check';
import type { Token, Tokens } from 'marked';
import { lexer } from 'marked';
import { expect } from 'vitest';
import type { PageFormat } from '../../../../../src/core/ports/surface.ts';
import type { Page } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { pieces, rhythm } from './markdown-arbitrary.ts';

/** Another one, such as PAGES_SEED=7, looks for what this one does not find. */
export const seed = Number(process.env['PAGES_SEED'] ?? 20_261_122);
export const runs = 1_200;

/** Checks something of many documents, each in pages of some size and written in some rhythm. */
export function forAll(
  documents: fc.Arbitrary<string>,
  limits: { readonly min: number; readonly max: number },
  check: (text: string, limit: number, lengths: readonly number[]) => void,
  numRuns: number = runs,
): void {
  const property = fc.property(documents, fc.integer(limits), rhythm, check);
  fc.assert(property, { seed, numRuns });
}

export function allPages(pages: PageSplitter): Page[] {
  const live = pages.live();
  return live ? [...pages.frozen, live] : [...pages.frozen];
}

export function finished(
  text: string,
  format: PageFormat,
  lengths: readonly number[],
  note?: string,
): Page[] {
  const pages = new PageSplitter(format);
  for (const piece of pieces(text, lengths)) {
    pages.push(piece);
    pages.cutFullPages();
  }
  pages.end(note);
  return allPages(pages);
}

/** All tokens of a kind, however deep. */
export function tokensOf(markdown: string, type: string): Token[] {
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

export function fences(markdown: string): Tokens.Code[] {
  return (tokensOf(markdown, 'code') as Tokens.Code[]).filter(
    ({ codeBlockStyle }) => codeBlockStyle !== 'indented',
  );
}

export function isClosed({ raw }: Tokens.Code): boolean {
  const lines = raw.trimEnd().split('\n');
  const marker = /^ *(`{3,}|~{3,})/.exec(lines[0] ?? '')?.[1] ?? '';
  const last = (lines.at(-1) ?? '').trim();
  return lines.length > 1 && last.startsWith(marker) && new Set(last).size === 1;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function graphemeStarts(text: string): Set<number> {
  return new Set(Array.from(graphemes.segment(text), ({ index }) => index));
}

export function cutsOf(pages: readonly Page[]): number[] {
  let at = 0;
  return pages.slice(0, -1).map(({ source }) => (at += source.length));
}

/** As `expect`, which takes longer than what it looks at: at every prefix it is asked too often. */
export function same<T>(actual: T, expected: T): void {
  if (!Object.is(actual, expected)) expect(actual).toBe(expected);
}

export function none(found: readonly unknown[]): void {
  if (found.length > 0) expect(found).toEqual([]);
}
