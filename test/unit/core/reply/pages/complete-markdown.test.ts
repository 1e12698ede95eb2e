import { expect, test } from 'vitest';
import { completeInline } from '../../../../../src/core/reply/pages/complete-markdown.ts';

const cases: readonly (readonly [string, string])[] = [
  ['**bold', '**bold**'],
  ['**bold*', '**bold**'],
  ['*it', '*it*'],
  ['snake_case', 'snake_case'],
  ['so _it', 'so _it_'],
  ['~~gone~', '~~gone~~'],
  ['`code', '`code`'],
  ['``a`', '``a``'],
  ['2 * 3 * 4', '2 * 3 * 4'],
  ['**Note: the *quick* brown', '**Note: the *quick* brown**'],
  ['_a **b', '_a **b**_'],
  ['**a `x*y', '**a `x*y`**'],
  ['see https://a.example/x_y', 'see https://a.example/x_y'],
  ['if x <y then more', 'if x <y then more'],
  ['see [the man', 'see the man'],
  ['see [the man](https://exam', 'see the man'],
  ['![a pic](https://exam', 'a pic'],
  ['see <https://exam', 'see https://exam'],
  ['`list[0', '`list[0`'],
  ['a \\*b', 'a \\*b'],
  ['The *', 'The '],
  ['The **', 'The '],
  ['(_', '('],
  ['so ~~', 'so '],
  ['call `', 'call '],
  ['see [', 'see '],
  ['**bold**', '**bold**'],
  ['`a *', '`a *`'],
];

test.for(cases)('%s reads %s', ([written, shown]) => {
  expect(completeInline(written)).toBe(shown);
});

test('marks that are open from the page before are closed too', () => {
  expect(completeInline('more of it', '**')).toBe('more of it**');
  expect(completeInline('more** of it', '**')).toBe('more** of it');
});
