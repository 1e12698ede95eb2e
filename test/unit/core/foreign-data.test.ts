import { expect, it } from 'vitest';
import { inOneLine } from '../../../src/core/foreign-data.ts';

it.each([
  ['Acme', 'Acme'],
  ['', ''],
  ['two\n\r\nlines\tand  more', 'two lines and more'],
  ['\u001b[31mred\u001b[0m \u0007', '[31mred [0m'],
  ['a\u202Egnp\u202C\u200Bb\u2028c', 'a gnp b c'],
  ['01234567890123456789', '01234567890123456789'],
  ['012345678901234567890', '0123456789012345678…'],
  ['012345678901234567\u{1F600}90', '012345678901234567\uFFFD…'],
])('%j reads %j', (text, expected) => {
  expect(inOneLine(text, 20)).toBe(expected);
});

it('looks at no more of a long text than it needs', () => {
  expect(inOneLine(`${'\n'.repeat(1_000_000)}x`, 10)).toBe('…');
});
