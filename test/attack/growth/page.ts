import { createRequire, registerHooks } from 'node:module';
import type { Subject } from './subject.ts';

/** What the server serves under names of its own. */
const vendor: Readonly<Record<string, string>> = {
  './vendor/marked.js': 'marked',
  './vendor/marked-cjk-friendly.js': 'marked-cjk-friendly',
  './vendor/dompurify.js': 'dompurify',
};
registerHooks({
  resolve: (specifier, context, next) => next(vendor[specifier] ?? specifier, context),
});

const load = createRequire(import.meta.url);
const folder = '../../../src/platforms/web/page';
const { blocksOf } = load(`${folder}/markdown.js`) as {
  readonly blocksOf: (text: string) => unknown;
};
const { nextFormula, formulaAt, withoutFormulas } = load(`${folder}/formulas.js`) as {
  readonly nextFormula: (text: string, from: number) => number;
  readonly formulaAt: (text: string, at: number) => unknown;
  readonly withoutFormulas: (text: string, masked: string) => string;
};

/** All formulas that begin in a text, looked for as the parser does. */
function formulas(text: string): void {
  for (let at = nextFormula(text, 0); at >= 0; at = nextFormula(text, at + 1)) formulaAt(text, at);
}

const bound = { chars: 10_000, why: 'a page of an answer holds no more' };

/** Of what models write, where a browser draws it. */
export const page: readonly Subject[] = [
  {
    name: 'page blocksOf',
    run: blocksOf,
    bound,
    frames: [
      ['', ''],
      ['|a|\n|-|\n', ''],
      ['a $', '$'],
    ],
  },
  { name: 'page formulas', run: formulas },
  { name: 'page withoutFormulas', run: (text) => withoutFormulas(text, text) },
];
