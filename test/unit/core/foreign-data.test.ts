import { expect, it, vi } from 'vitest';
import { inOneLine, parseForeignJson } from '../../../src/core/foreign-data.ts';

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

it('reads JSON as it is, brackets within strings among it', () => {
  const value = { text: `${'['.repeat(1_000)}"\\${'{'.repeat(1_000)}`, list: [[[1]], { a: {} }] };
  expect(parseForeignJson(JSON.stringify(value))).toEqual(value);
  const beside = Array.from({ length: 1_000 }, () => [{}]);
  expect(parseForeignJson(JSON.stringify(beside))).toEqual(beside);
  expect(() => parseForeignJson('{')).toThrow(SyntaxError);
});

it.each([
  ['[', ']'],
  ['{"a":', '}'],
  ['[{"\\"":', '}]'],
])('refuses what nests too deeply before it is read: %s', (open, close) => {
  const nested = (levels: number): string => `${open.repeat(levels)}1${close.repeat(levels)}`;
  expect(() => parseForeignJson(nested(100))).not.toThrow();
  const parse = vi.spyOn(JSON, 'parse');
  expect(() => parseForeignJson(nested(201))).toThrow(SyntaxError);
  expect(() => parseForeignJson(open.repeat(100_000))).toThrow(SyntaxError);
  expect(parse).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
