import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { discordFormat } from '../../../../../src/platforms/discord/reply/markdown-format.ts';
import { withoutLinks } from '../../../../../src/platforms/discord/reply/reply-calls.ts';

const render = (...lines: string[]): string => discordFormat.render(lines.join('\n'));
const text = (...lines: string[]): string => lines.join('\n');

describe('what Discord is sent', () => {
  it.each([
    'plain text, **bold**, ~~gone~~ and ||hidden||',
    '# One\n## Two\n### Three\n-# small',
    '> quote\n\n1. one\n2. two\n   - three',
    'a #### b and ####c',
    '```js\n#### not a heading\n| a | b |\n| - | - |\n[https://a.example](https://b.example)\n```',
    'a | b, and --- | ---',
    '',
  ])('is what was written: %s', (markdown) => {
    expect(render(markdown)).toBe(markdown);
  });

  it('shows headings below the third size as bold lines', () => {
    expect(render('#### Four', '##### **Five** ####', '> ###### Six', '- #### Item')).toBe(
      text('**Four**', '**Five**', '> **Six**', '- **Item**'),
    );
  });

  it('counts code points', () => {
    expect(discordFormat.size('ab👍')).toBe(3);
    expect(discordFormat.size('👍'.repeat(2_000))).toBe(2_000);
    expect(discordFormat.size('\ud83d')).toBe(1);
  });
});

describe('a table', () => {
  it('becomes an aligned block of code', () => {
    expect(
      render('before', '| a | bb |', '|---|:-:|', '| long cell | 1 |', '|x|', '', 'after'),
    ).toBe(
      text(
        'before',
        '```',
        'a         | bb',
        '----------|---',
        'long cell | 1',
        'x',
        '```',
        '',
        'after',
      ),
    );
  });

  it('is aligned where characters are wide, or take no room', () => {
    const [, header, , ...rows] = render(
      '|a|b|',
      '|-|-|',
      '|日本|1|',
      '|e\u0301|2|',
      '|👍|3|',
    ).split('\n');
    expect([header, ...rows.slice(0, 3)]).toEqual([
      'a    | b',
      '日本 | 1',
      'e\u0301    | 2',
      '👍   | 3',
    ]);
  });

  it('keeps pipes that are part of a cell, and cells beyond the header', () => {
    expect(render('| a | b |', '| - | - |', String.raw`| x \| y | 1 | 2 |`)).toContain(
      'x | y | 1 | 2',
    );
  });

  it('cannot end its block by what stands in a cell', () => {
    const shown = render('| a | b |', '| - | - |', '| ```js | 1 |');
    expect(shown.match(/```/g)).toHaveLength(2);
  });

  it('stands in a quote as it did', () => {
    expect(render('> | a | b |', '> | - | - |', '> | 1 | 2 |', 'after')).toBe(
      text('> ```', '> a | b', '> --|--', '> 1 | 2', '> ```', 'after'),
    );
  });

  it('one huge cell does not make every row as wide', () => {
    const shown = render('| a | b |', '| - | - |', `| ${'x'.repeat(500)} | 1 |`, '| y | 2 |');
    expect(shown.split('\n').at(-2)!.length).toBeLessThan(60);
  });
});

describe('a block of code', () => {
  it.each([
    ['tildes', ['~~~js', 'a', '~~~']],
    ['four backticks', ['````js', 'a', '````']],
    ['more words than a language', ['```js title="a b"', 'a', '```']],
  ])('is one to Discord, too: %s', (_, lines) => {
    expect(render(...lines)).toBe(text('```js', 'a', '```'));
  });

  it('can hold a block of code', () => {
    const shown = render('````md', '```js', 'a', '```', '````', 'after');
    expect(shown.match(/```/g)).toHaveLength(2);
    expect(shown.replaceAll('\u200b', '')).toBe(text('```md', '```js', 'a', '```', '```', 'after'));
  });

  it('is known where it begins behind the mark of a list', () => {
    expect(render('- ```', '  #### a', '  ```', '#### b', '1. > ~~~', '   > c', '   > ~~~')).toBe(
      text('- ```', '  #### a', '  ```', '**b**', '1. > ```', '   > c', '   > ```'),
    );
  });

  it('ends with the quote that it stands in', () => {
    expect(render('> ```', '> a', '', '#### b')).toBe(text('> ```', '> a', '> ```', '', '**b**'));
  });
});

describe('a link', () => {
  it.each([
    '[https://bank.example](https://evil.example)',
    '[bank.example](https://evil.example)',
    '[**https://bank.example/login**](https://evil.example)',
    '[Go to bank.example now](https://evil.example "a title")',
    '[https://bank.example](<https://evil.example>)',
    '[h t t p s : / / bank.example](https://evil.example)',
    '[https://bank\u200b.example](https://evil.example)',
    '[ｂａｎｋ．example](https://evil.example)',
    '[`https://bank.example`](https://evil.example)',
    '[[bank.example]](https://evil.example)',
    '[https://bank.example\n](https://evil.example)',
    '![https://bank.example](https://evil.example)',
    '[https://bank.example](https://bank.example@evil.example)',
    '- **see [https://bank.example](https://evil.example)**',
    '# [https://bank.example](https://evil.example)',
    '[https://bank](https://evil)',
  ])('whose text is another address shows where it goes: %j', (markdown) => {
    const shown = render(markdown);
    expect(shown).not.toMatch(/\]\(/);
    expect(shown).toMatch(/ \(<https:\/\/[^>]*evil(?:\.example)?>\)/);
  });

  it.each([
    '[the docs](https://docs.example/a_(b))',
    '[https://www.docs.example](https://docs.example/a)',
    '[docs.example/a](https://docs.example/a)',
    'https://a.example and <https://b.example>',
    '`[https://a.example](https://b.example)`',
    String.raw`\[https://a.example](https://b.example)`,
    '[https://a.example](not an address)',
    '[1. e.g. this](https://a.example)',
  ])('stays as it is: %s', (markdown) => {
    expect(render(markdown)).toBe(markdown);
  });

  it('of an image is a link, and no title hides an address', () => {
    expect(render('![a cat](https://a.example/cat.png)')).toBe(
      '[a cat](https://a.example/cat.png)',
    );
    expect(render('![](https://a.example/cat.png)')).toBe('<https://a.example/cat.png>');
    expect(render('[this](https://a.example "https://bank.example")')).toBe(
      '[this](https://a.example)',
    );
  });

  it('is left out for a server that forbids links, with no more room than before', () => {
    expect(
      withoutLinks('see https://a.example/path, [this](https://a.example/path) and http://a'),
    ).toBe('see (link left out), this (link left out) and (link)');
    const link = fc.constantFrom(
      'http://',
      'https://a.example/1',
      '[a](http://b)',
      '[](http://)',
      'x ',
      '<',
      '](',
    );
    fc.assert(
      fc.property(
        fc.array(link).map((parts) => parts.join('')),
        (markdown) => {
          const shown = withoutLinks(markdown);
          expect(shown.length).toBeLessThanOrEqual(markdown.length);
          expect(shown).not.toContain('://');
        },
      ),
    );
  });
});

it.each(['[', '[a](', '`', '> ', '- ', '[`', '```', '|-', '****'])(
  'comes to an end though nothing is ever closed: %s',
  (part) => {
    expect(render(part.repeat(20_000 / part.length))).not.toBe('');
  },
);

/** What people read of a text: no marks, no rules of tables, no white space. */
function letters(markdown: string): string {
  return markdown.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

it('shows each letter of a long answer once, in pages that each stand alone', () => {
  const section = (at: number): string =>
    text(
      `#### Part ${at}`,
      'Words and more words. '.repeat(30),
      '',
      ...Array.from({ length: 20 }, (_, line) => `- item ${at} ${line}`),
      '',
      '~~~js',
      ...Array.from({ length: 60 }, (_, line) => `const v${at}_${line} = ${line};`),
      '~~~',
      '',
    );
  const source = Array.from({ length: 12 }, (_, at) => section(at)).join('\n');
  const pages = new PageSplitter(discordFormat);
  pages.push(source);
  pages.end();
  const shown = [...pages.frozen, pages.live()!];
  expect(shown.map((page) => page.source).join('')).toBe(source);
  for (const page of shown) {
    expect(discordFormat.size(page.text)).toBeLessThanOrEqual(2_000);
    expect((page.text.match(/```/g) ?? []).length % 2).toBe(0);
    expect(page.text).not.toMatch(/^####|~~~/m);
  }
  const read = shown.map((page) => page.text.replaceAll('```js', '')).join('');
  expect(letters(read)).toBe(letters(source.replaceAll('~~~js', '')));
});

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
