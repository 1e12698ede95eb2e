import { describe, expect, test } from 'vitest';
import type { Page } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { asIs, codePoints, escapedBytes } from './page-formats.ts';

function allPages(pages: PageSplitter): Page[] {
  const live = pages.live();
  return live ? [...pages.frozen, live] : [...pages.frozen];
}

/** What people read in the end, page by page. */
function shown(text: string, limit: number, note?: string): string[] {
  const pages = new PageSplitter(asIs(limit));
  pages.push(text);
  pages.end(note);
  return allPages(pages).map((page) => page.text);
}

/** What people read while the text is still growing. */
function growing(text: string, limit = 1_000): string | undefined {
  const pages = new PageSplitter(asIs(limit));
  pages.push(text);
  return pages.live()?.text;
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

/** What people read after the page was to end early, with so many units of the text read before. */
function endedEarly(text: string, limit: number, read: number): string[] {
  const pages = new PageSplitter(asIs(limit));
  pages.push(text);
  pages.endBlock(read);
  return allPages(pages).map((page) => page.text.trim());
}

describe('where a page ends early', () => {
  const first = 'One one one one one one one one one one one.';
  const text = `${first}\n\nTwo two`;

  test('with a block that nobody has read to its end, once it is nearly full', () => {
    expect(endedEarly(text, 55, 20)).toEqual([first, 'Two two']);
    expect(endedEarly(text, 80, 20)).toHaveLength(1);
    // What people read already is not taken away.
    expect(endedEarly(text, 55, text.length - 1)).toHaveLength(1);
  });

  test('not in the middle of a paragraph, nor between a heading and what is below', () => {
    expect(endedEarly(`${first} Two two`, 53, 20)).toHaveLength(1);
    expect(endedEarly(`## ${first}\n\nTwo two`, 57, 20)).toHaveLength(1);
    expect(endedEarly(`${first}\n\n## Two\n\nTwo two`, 70, 20)).toHaveLength(1);
    expect(endedEarly(`${first}\n\n## Two\n\nTwo two`, 58, 20)).toEqual([
      first,
      '## Two\n\nTwo two',
    ]);
  });

  test('not where much would have to wait for the next page', () => {
    const long =
      'Two two two two two two two two two two two two two two two two two two two two two two';
    expect(endedEarly(`${'One one one. '.repeat(60)}\n\n${long}`, 1_000, 20)).toHaveLength(1);
    expect(endedEarly(`${'One one one. '.repeat(60)}\n\nTwo`, 1_000, 20)).toHaveLength(2);
  });

  test('with the first block that nobody has read', () => {
    expect(endedEarly(`${first}\n\nTwo\n\nThree`, 58, 20)).toEqual([first, 'Two\n\nThree']);
    const [read, unread] = [`${first}\n\n`.length, `${first}\n\nT`.length];
    expect(endedEarly(`${first}\n\nTwo\n\nThree`, 58, unread)[0]).toBe(`${first}\n\nTwo`);
    // An edit is to show something.
    expect(endedEarly(text, 55, read)).toHaveLength(1);
    expect(endedEarly(text, 55, read - 1)).toHaveLength(2);
  });

  test('also on a later page, and behind a gap', () => {
    expect(endedEarly(`${first}\n\n${text}`, 55, first.length + 20)).toEqual([
      first,
      first,
      'Two two',
    ]);
    expect(endedEarly(`${'\n'.repeat(20)}${text}`, 55, 50)).toEqual([first, 'Two two']);
    const read = 20 + first.length + 4;
    expect(endedEarly(`${'\n'.repeat(20)}${text}`, 55, read)).toHaveLength(1);
  });

  test('and it is known how much comes behind', () => {
    const pages = new PageSplitter(asIs(55));
    pages.push(`${first}\n\n${text}`);
    pages.endBlock(first.length + 20);
    expect(pages.frozen).toHaveLength(2);
    expect([pages.lengthAfter(0), pages.lengthAfter(1)]).toEqual([text.length, 'Two two'.length]);
  });

  test('nor behind the end of the text', () => {
    const pages = new PageSplitter(asIs(55));
    pages.push(text);
    pages.end();
    pages.endBlock(0);
    expect(allPages(pages)).toHaveLength(1);
  });
});

describe('a page that ended somewhere before', () => {
  const source = 'One one one. ';
  const text = `${source}Two two two. Three three.`;
  const endedBehind = (behind: string, limit: number): string[] => {
    const pages = new PageSplitter(asIs(limit));
    pages.push(text);
    pages.endAfter(behind);
    return allPages(pages).map((page) => page.source);
  };

  test('ends there again if it cannot hold all', () => {
    expect(endedBehind(source, 34)).toEqual([source, 'Two two two. Three three.']);
    expect(endedBehind(source, 60)).toEqual([text]);
  });

  test('does not where it was another text, or nothing', () => {
    const otherwise = endedBehind('', 34);
    expect(otherwise).toEqual([`${source}Two two two. `, 'Three three.']);
    expect(endedBehind(source.replace('One', 'Six'), 34)).toEqual(otherwise);
  });
});

describe('where a page ends', () => {
  test('nothing is shown before the first visible character', () => {
    expect(growing('')).toBe(undefined);
    expect(growing(' \n\n ')).toBe(undefined);
    expect(growing('\n\nH')).toBe('H');
  });

  test('at a paragraph before a line, at a line before a sentence, at a sentence before a word', () => {
    expect(shown('One one one one.\n\nTwo two two.\nThree three.', 30)).toEqual([
      'One one one one.',
      'Two two two.\nThree three.',
    ]);
    expect(shown('One one one one one.\nTwo two. Three.', 30)).toEqual([
      'One one one one one.',
      'Two two. Three.',
    ]);
    expect(shown('One one one one one. Two two two two.', 30)).toEqual([
      'One one one one one.',
      'Two two two two.',
    ]);
    expect(shown('one two three four five six seven eight', 30)).toEqual([
      'one two three four five six',
      'seven eight',
    ]);
  });

  test('not at a paragraph that would leave most of the page empty', () => {
    expect(shown('Hi.\n\none two three four five six seven', 30)).toEqual([
      'Hi.\n\none two three four five',
      'six seven',
    ]);
  });

  test('a heading stays with its text', () => {
    expect(shown('Some words before it.\n\n## Title\n\nand its own text here', 40)).toEqual([
      'Some words before it.',
      '## Title\n\nand its own text here',
    ]);
  });

  test('a fence or a table moves to the next page whole, where half a page is left', () => {
    expect(shown('These words take half of it.\n\n```js\nlet a = 1;\nlet b = 2;\n```', 50)).toEqual(
      ['These words take half of it.', '```js\nlet a = 1;\nlet b = 2;\n```'],
    );
    expect(shown('These words take half of it.\n\n| a | b |\n| - | - |\n| 1 | 2 |', 50)).toEqual([
      'These words take half of it.',
      '| a | b |\n| - | - |\n| 1 | 2 |',
    ]);
  });

  test('never inside a link, an address or a mention', () => {
    const words = 'words and words and words and more';
    for (const whole of [
      '[a long link text](https://example.com/path)',
      'https://example.com/a/long/path/to/it',
      '<https://example.com/a/long/path>',
      '<@U0123456789ABCDEF>',
      '<!date^1392734382^Posted {date}|then>',
      ':a_very_long_emoji_name:',
      '@some.body.with.a.long.name',
    ]) {
      expect(shown(`${words} ${whole} end`, 45)[1]).toMatch(whole);
    }
  });

  test('never inside a character, be it a family, a flag or an accent', () => {
    expect(shown('👨‍👩‍👧‍👦'.repeat(4), 25)).toEqual(['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', '👨‍👩‍👧‍👦👨‍👩‍👧‍👦']);
    expect(shown('🇩🇪'.repeat(5), 13)).toEqual(['🇩🇪🇩🇪🇩🇪', '🇩🇪🇩🇪']);
    expect(shown('e\u0301'.repeat(8), 11)).toEqual(['e\u0301'.repeat(5), 'e\u0301'.repeat(3)]);
  });

  test('text without spaces ends at its sentence, or else where the page is full', () => {
    expect(shown('我们的世界很大。他们的世界很小', 12)).toEqual([
      '我们的世界很大。',
      '他们的世界很小',
    ]);
    expect(shown('x'.repeat(25), 10)).toEqual(['x'.repeat(10), 'x'.repeat(10), 'x'.repeat(5)]);
  });

  test('a rest of a line never turns into a list or a heading', () => {
    expect(shown('the sum of seven and - nine', 21)).toEqual(['the sum of seven', 'and - nine']);
  });

  test('the limit counts what is sent, in the unit of the platform', () => {
    const bytes = new PageSplitter(escapedBytes(20));
    bytes.push('a & b & c & d & e');
    bytes.end();
    expect(allPages(bytes).map(({ text }) => text)).toEqual([
      'a &amp; b &amp; c',
      '&amp; d &amp; e',
    ]);
    const points = new PageSplitter(codePoints(4));
    points.push('😀😀😀😀😀');
    points.end();
    expect(allPages(points).map(({ text }) => text)).toEqual(['😀😀😀😀', '😀']);
  });
});

describe('what is open at a cut is closed and opened again', () => {
  test('a fence, with its language', () => {
    const code = lines(4, (index) => `print(${index})`);
    expect(shown(`Look:\n\n\`\`\`python\n${code}\n\`\`\`\nDone.`, 45)).toEqual([
      'Look:\n\n```python\nprint(0)\nprint(1)\n```',
      '```python\nprint(2)\nprint(3)\n```\nDone.',
    ]);
  });

  test('a fence in a list keeps its code as it was', () => {
    const code = lines(4, (index) => `  if (${index}) {}`);
    expect(shown(`- item\n\n  ~~~js\n${code}\n  ~~~\n- next`, 55)).toEqual([
      '- item\n\n  ~~~js\n  if (0) {}\n  if (1) {}\n  ~~~',
      '~~~js\nif (2) {}\nif (3) {}\n~~~\n- next',
    ]);
  });

  test('a fence in a list whose closing line is the first that has no room', () => {
    const code = `    begin\n    ${'x'.repeat(31)}\n`;
    expect(shown(`- item\n\n  - inner\n\n    ~~~js\n${code}    ~~~\n  - next`, 40)).toEqual([
      '- item\n\n  - inner',
      '~~~js\nbegin\n~~~',
      `~~~js\n${'x'.repeat(30)}\n~~~`,
      '~~~js\nx\n~~~\n- next',
    ]);
  });

  test('a fence in a quote', () => {
    const code = lines(4, (index) => `> print(${index})`);
    expect(shown(`> \`\`\`\n${code}\n> \`\`\``, 40)).toEqual([
      '> ```\n> print(0)\n> print(1)\n> ```',
      '> ```\n> print(2)\n> print(3)\n> ```',
    ]);
  });

  test('a table repeats its header', () => {
    const rows = lines(4, (index) => `| ${index} | x |`);
    expect(shown(`| n | v |\n| - | - |\n${rows}`, 45)).toEqual([
      '| n | v |\n| - | - |\n| 0 | x |\n| 1 | x |',
      '| n | v |\n| - | - |\n| 2 | x |\n| 3 | x |',
    ]);
  });

  test('a quote', () => {
    expect(shown('> one two three four five six seven', 25)).toEqual([
      '> one two three four five',
      '> six seven',
    ]);
    expect(shown('> > one two three\nlazy four five six', 20)).toEqual([
      '> > one two three',
      '> > lazy four five',
      '> > six',
    ]);
  });

  test('a list goes on with its next item, and a nested one does not turn into code', () => {
    expect(shown('1. one two three\n2. four five six\n3. seven', 25)).toEqual([
      '1. one two three',
      '2. four five six\n3. seven',
    ]);
    expect(shown('- a\n  - b\n    - c c c c c\n    - d d d d d\n    - e', 34)).toEqual([
      '- a\n  - b\n    - c c c c c',
      '- d d d d d\n- e',
    ]);
  });

  test('emphasis and code', () => {
    expect(shown('**one two three _four five_ six** seven', 30)).toEqual([
      '**one two three _four five_**',
      '**six** seven',
    ]);
    expect(shown('a ~~b c d e f g h i j k l m~~ n', 20)).toEqual([
      'a ~~b c d e f g h~~',
      '~~i j k l m~~ n',
    ]);
    expect(shown('say `one two three four five` now', 20)).toEqual([
      'say `one two three`',
      '`four five` now',
    ]);
  });

  test('a star that never closes is left alone', () => {
    expect(shown('call it with *args and more of it\n\nand so on', 25)).toEqual([
      'call it with *args and',
      'more of it\n\nand so on',
    ]);
  });

  test('what is put around the text gives way on a page that is too small for it', () => {
    const header = `| ${'name '.repeat(8)}| v |\n| - | - |`;
    const pages = shown(`${header}\n| 1 | 2 |\n| 3 | 4 |`, 60);
    expect(pages.at(-1)).toBe('| 1 | 2 |\n| 3 | 4 |');
    const info = `js ${'title '.repeat(4)}end`;
    expect(shown(`~~~${info}\nlet a = 1;\nlet b = 2;\n~~~\nDone.`, 50)).toEqual([
      `~~~${info}\nlet a = 1;\n~~~`,
      '~~~\nlet b = 2;\n~~~\nDone.',
    ]);
  });
});

describe('how pages grow', () => {
  test('a cut never moves, and slices join to the source', () => {
    const pages = new PageSplitter(asIs(30));
    pages.push('one two three four five six seven');
    pages.cutFullPages();
    const first = pages.frozen[0];
    expect(first).toEqual({
      source: 'one two three four five six ',
      text: 'one two three four five six',
    });
    pages.push('.\n\nA new paragraph, and another one.');
    pages.cutFullPages();
    expect(pages.frozen[0]).toEqual(first);
    expect(
      allPages(pages)
        .map(({ source }) => source)
        .join(''),
    ).toBe('one two three four five six seven.\n\nA new paragraph, and another one.');
    expect(pages.length).toBe(69);
  });

  test('half of a character is not shown before its other half is there', () => {
    const pages = new PageSplitter(asIs(100));
    pages.push('Hi \ud83d');
    expect(pages.live()?.text).toBe('Hi');
    pages.push('\ude00');
    expect(pages.live()?.text).toBe('Hi 😀');
  });

  test('half of a character that stays alone does no harm', () => {
    expect(shown('a \ud83d b', 100)).toEqual(['a \ufffd b']);
  });

  test('after the end nothing more can be written', () => {
    const pages = new PageSplitter(asIs(100));
    pages.end();
    expect(() => pages.push('more')).toThrow('the text is over');
  });

  test('a great deal of text at once is cut like any other text', () => {
    for (const text of [
      'word '.repeat(100_000),
      '*'.repeat(100_000),
      '['.repeat(100_000),
      '`'.repeat(100_000),
      `\`\`\`\n${'x'.repeat(100_000)}`,
      '- '.repeat(10_000) + 'x',
      'e' + '\u0301'.repeat(100_000),
      '\n'.repeat(100_000) + 'x',
    ]) {
      const pages = new PageSplitter(asIs(10_000));
      pages.push(text);
      pages.end();
      expect(
        allPages(pages)
          .map(({ source }) => source)
          .join('') === text,
      ).toBe(true);
      expect(allPages(pages).every((page) => page.text.length <= 10_000)).toBe(true);
    }
  });
});

describe('while it is being written', () => {
  test('every line is shown at once, however little of it is there', () => {
    expect(growing('Hello wor')).toBe('Hello wor');
    expect(growing('- one\n- tw')).toBe('- one\n- tw');
  });

  test('an open fence is closed', () => {
    expect(growing('```js')).toBe('```js\n```');
    expect(growing('```js\nlet a = 1;\n')).toBe('```js\nlet a = 1;\n```');
    expect(growing('```js\nlet **a')).toBe('```js\nlet **a\n```');
    expect(growing('```js\nlet a;\n``')).toBe('```js\nlet a;\n```');
  });

  test('a table is one from its header on', () => {
    expect(growing('| Name | Pri')).toBe('| Name | Pri\n| --- | --- |');
    expect(growing('| Name | Price |\n| :-')).toBe('| Name | Price |\n| :-- | --- |');
    expect(growing('| Name | Price |\n| :-: | --: |\n| **Te')).toBe(
      '| Name | Price |\n| :-: | --: |\n| **Te** |',
    );
  });

  test('a first dash below a line makes no heading of it', () => {
    expect(growing('Some words\n--')).toBe('Some words\n--\u200B');
  });
});

describe('a closing note', () => {
  const note = 'The model stopped.';

  test('is all there is when nothing was written', () => {
    expect(shown('', 100, note)).toEqual([note]);
    expect(shown(' \n', 100, note)).toEqual([note]);
  });

  test('stands outside of an open fence, quote, list, table and emphasis', () => {
    expect(shown('```js\nlet a', 100, note)).toEqual([`\`\`\`js\nlet a\n\`\`\`\n\n${note}`]);
    expect(shown('> so it', 100, note)).toEqual([`> so it\n\n${note}`]);
    expect(shown('- an item', 100, note)).toEqual([`- an item\n\n${note}`]);
    expect(shown('| a |\n| - |\n| 1', 100, note)).toEqual([`| a |\n| - |\n| 1\n\n${note}`]);
    expect(shown('so **very', 100, note)).toEqual([`so **very**\n\n${note}`]);
  });

  test('has a page of its own where it does not fit, and is in no slice of the source', () => {
    const pages = new PageSplitter(asIs(40));
    pages.push('one two three four five six seven');
    pages.end(note);
    expect(allPages(pages)).toEqual([
      { source: 'one two three four five six seven', text: 'one two three four five six seven' },
      { source: '', text: note },
    ]);
  });

  test('without one, the text stands as it was written', () => {
    expect(shown('call it with *args', 100)).toEqual(['call it with *args']);
    expect(shown('```js\nlet a', 100)).toEqual(['```js\nlet a\n```']);
  });
});

test('a row of marks that is longer than any fence does not begin each page anew', () => {
  const row = '~'.repeat(250);
  const pages = shown(`${row}\n${lines(40, (index) => `Line ${index} of these.`)}`, 600);
  expect(pages.filter((page) => page.includes(row))).toHaveLength(1);
  expect(pages.every((page) => !page.trimEnd().endsWith('~') || page.trimEnd() === row)).toBe(true);
});
