import { describe, expect, it } from 'vitest';
import { discordFormat } from '../../../../../src/platforms/discord/reply/markdown-format.ts';

describe('a link whose text is another address shows where it goes', () => {
  it.each([
    '[google。com](https://evil.example)',
    '[google｡com](https://evil.example)',
    '[192.168.0.1](https://evil.example)',
    '[https://192.168.0.1/admin](https://evil.example)',
    '[goo\u034fgle.com](https://evil.example)',
    '[google.com](https://evil.example/(a(b)))',
    '[google.com](https://evil.example/(a(b)c))',
    '[google.com](http:evil.example)',
    String.raw`[google.com](https\://evil.example)`,
    '[google.com](\n <https://evil.example>\n)',
    '[[google.com](https://evil.example)](https://other.evil.example)',
    '[a [google.com](https://evil.example) b](https://a.example)',
  ])('%j', (markdown) => {
    const shown = discordFormat.render(markdown);
    expect(shown).not.toContain('](');
    expect(shown).toContain('evil.example');
    expect(shown).toMatch(/\(<https?:/);
  });

  it.each([
    // Discord ends it at the first bracket.
    '[google.com](https://evil.example/(a(b)c)',
    '[google.com](https://evil.example/(a(b(c(d)))))',
    '[google.com](https://evil.example/<x)',
    '[google.com] ](https://evil.example)',
    '<https:[google.com](https://evil.example/(>',
    // Code to Discord is what is short of the first backtick, and to markdown what follows it.
    '``x` [google.com](https://evil.example) `',
    '[x `y](https://a.example) [google.com](https://evil.example) `',
  ])('however it is written: %j', (markdown) => {
    const shown = discordFormat.render(markdown);
    expect(shown).not.toMatch(/\]\(\s*<?https?:[^)]*evil/);
    expect(shown).toContain('google.com');
    expect(shown).toContain('evil.example');
  });
});

it.each([
  '[Release 1.2](https://a.example)',
  '[a 10.5.2 b](https://a.example)',
  '[192.168.0.1](http://192.168.0.1/admin)',
  '[docs.example](http:docs.example)',
  '[see (this)](https://a.example/(b(c)))',
  '`[https://a.example](https://b.example)` and ``[a.example](https://b.example)``',
  'a](https://b.example) and ] (x)',
  String.raw`\[https://a.example](https://b.example)`,
])('an honest link, code, and what is no link stay as they are: %j', (markdown) => {
  expect(discordFormat.render(markdown)).toBe(markdown);
});

describe('a page of any characters', () => {
  const beginnings = [
    '',
    '[a](',
    '[',
    '`',
    '#### ',
    '| a | b |\n',
    '> ',
    '```\n',
    '[a](https://b ',
  ];
  const parts = [
    ['`', '``', '` ', ' ', '\t', '[', ']', '[a](', '](', '(', ')', '()', '[`', '[]', '[a]'],
    ['\\', '\\`', '!', '<', '<http://', 'https://', 'a', 'a.', 'a-', '1.', '| ', '|-', '-', '- '],
    ['#', '# ', '>', '> ', '*', '_', '"', ' "', '`a', 'a`b``', '日', '\u2028', '\n', '```\n'],
    ['a|b\n-|-\n\n', 'a|b\n-|-\n', '[a](https://b.example) ', '[a.b](https://c.d/(e))'],
  ].flat();
  const ends = ['', 'x', '](https://a.example)', '\u2028', '` [a](https://b.example)', '|'];

  function costMs(page: string): number {
    const startedAt = performance.now();
    discordFormat.render(page);
    return performance.now() - startedAt;
  }

  it('takes about a millisecond', () => {
    const slow: Record<string, number> = {};
    for (const beginning of beginnings) {
      for (const part of parts) {
        for (const end of ends) {
          const room = 2_000 - beginning.length - end.length;
          const page = beginning + part.repeat(Math.floor(room / part.length)) + end;
          // Whatever else the machine does only adds: the least is nearest to the truth.
          let ms = costMs(page);
          for (let again = 0; again < 4 && ms > 5; again += 1) ms = Math.min(ms, costMs(page));
          // Far more than it takes; a pattern that tries everything takes seconds.
          if (ms > 25) slow[JSON.stringify([beginning, part, end])] = ms;
        }
      }
    }
    expect(slow).toEqual({});
  });

  it('takes as long with backticks in runs of every length', () => {
    const runs = Array.from({ length: 60 }, (_, at) => '`'.repeat(at + 1));
    const page = `${runs.toReversed().join('a')}[a](https://b.example)`;
    expect(Math.min(...Array.from({ length: 5 }, () => costMs(page)))).toBeLessThan(25);
  });
});
