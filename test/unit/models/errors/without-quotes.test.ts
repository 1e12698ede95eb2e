import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutQuotes } from '../../../../src/models/errors/without-quotes.ts';

test.each([
  ['Invalid value: abcdefghijkl!', ['abcdefghijkl'], 'Invalid value: […]!'],
  ['Invalid value: abcdefghijk!', ['abcdefghijk'], 'Invalid value: abcdefghijk!'],
  ['abcdefghijklmnop, abcdefghijkl', ['xabcdefghijklmnopx'], '[…], […]'],
  ['one "first line\\nsecond line" two', ['first line\nsecond line'], 'one "[…]" two'],
  ['got "gr\\u00fc\\u00dfe an alle!"', ['Grüße an alle!'], 'got "[…]"'],
  ["at 'gr\\xfc\\xdfe an alle!'", ['Grüße an alle!'], "at '[…]'"],
  ['for q=Gr%C3%BC%C3%9Fe%20an+alle%21', ['Grüße an alle!'], 'for q=[…]'],
  ['<p>Tom &amp; Jerry &lt;3 &#x27;em</p>', ["Tom & Jerry <3 'em"], '<p>[…]</p>'],
  ['SAY: MY SECRET PLAN.', ['my secret plan'], 'SAY: […].'],
  ['say: my secret plan.', ['my  secret\n\tplan'], 'say: […].'],
  ['one \\\\ud83d\\\\ude00 smiling faces', ['😀 smiling faces'], 'one \\[…]'],
  ['No such model', ['What is the capital?'], 'No such model'],
  ['', ['anything that is long enough'], ''],
])('%j', (message, texts, kept) => {
  expect(withoutQuotes(message, texts)).toBe(kept);
});

test('leaves no run of 12 characters of the request, and all else', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '"'), maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, text, (before, asked, rest, after) => {
      const quote = asked.slice(3);
      const kept = withoutQuotes(`${before}${quote}${after}`, [asked, rest]);
      for (const part of kept.split('[…]')) {
        for (let at = 0; at + 12 <= part.length; at += 1) {
          expect(asked).not.toContain(part.slice(at, at + 12));
          expect(rest).not.toContain(part.slice(at, at + 12));
        }
      }
    }),
  );
});
