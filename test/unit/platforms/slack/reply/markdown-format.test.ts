import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slackFormat } from '../../../../../src/platforms/slack/reply/markdown-format.ts';
import {
  emptyPageText,
  textBeforeUrl,
} from '../../../../../src/platforms/slack/reply/link-safety.ts';
import { linksIn, mentionsIn } from '../../../../fakes/slack/mentions-and-links.ts';

const render = (markdown: string): string => slackFormat.render(markdown);

describe('what Slack is sent', () => {
  it.each([
    'plain <b>html</b> and a < b > c',
    '```html\n<!DOCTYPE html>\n<!-- a comment -->\n```',
    'a generic `List<@NonNull String>` and `<#include>`',
    '| a | b |\n| --- | --- |\n| 1 | 2 |',
    '# Heading\n\n> quote\n\n1. one\n2. two',
  ])('is what was written: %s', (text) => {
    expect(render(text)).toBe(text);
  });

  it.each([
    '<!channel>',
    '<!HERE>',
    '<@U123>',
    '<@W1|x>',
    '<!subteam^S1>',
    '<#C12|x>',
    '<!date^1^x|y>',
  ])('calls nobody by %s, and reads the same', (order) => {
    for (const text of [order, `\`${order}\``, `\`\`\`\n${order}\n\`\`\``]) {
      expect(render(text)).not.toContain(order);
      expect(render(text).replaceAll('\u2060', '')).toBe(text);
    }
  });

  it.each([
    '&lt;!channel&gt;',
    '&LT;!here>',
    '&#60;@U123&#62;',
    '&#x3C;@U123>',
    '<&#33;channel>',
    '&lt;&commat;U123&gt;',
    '<!&#99;hannel>',
    '&amp;lt;!channel&gt;',
    '&#38;lt;!channel&gt;',
    '&#0000000000060;!channel>',
  ])('calls nobody by %s, whatever Slack makes of entities', (order) => {
    for (const text of [order, `a ${order} b`, `\`${order}\``]) {
      const shown = render(text);
      expect(shown).toMatch(/(?:<|lt;|60;|3c;)\u2060/i);
      expect(shown.replaceAll('\u2060', '')).toBe(text);
    }
  });

  it.each([
    'a &lt; b &amp;&amp; c',
    '`a&nbsp;b`',
    'AT&T;',
    '<b>&amp;</b>',
    'Q&A: a <!-- x & y -->',
  ])('leaves other entities as they are: %s', (text) => expect(render(text)).toBe(text));

  it('shows where a link leads whose text names another location', () => {
    expect(render('Log in at [https://bank.com](https://evil.example/a).')).toBe(
      'Log in at https://bank.com (<https://evil.example/a>).',
    );
    for (const text of ['bank&period;com', 'bank&#46;com', 'bank&amp;#46;com']) {
      expect(render(`[${text}](https://evil.example)`)).toBe(`${text} (<https://evil.example>)`);
    }
    for (const target of ['https&#58;//evil.example', 'h&#116;tps&colon;//evil.example']) {
      expect(render(`[bank.com](${target})`)).toBe('bank.com (<https://evil.example>)');
    }
    expect(render('<https://evil.example|bank.com>')).toBe('bank.com (<https://evil.example>)');
    expect(render('<https://a.example|the docs>')).toBe('[the docs](https://a.example)');
    const query = '[the docs](https://a.example/?a=1&lt=2&amp;b=3)';
    expect(render(query)).toBe(query);
    const honest = 'See [the docs](https://a.example) and [a.example](https://a.example/x).';
    expect(render(honest)).toBe(honest);
    const code = '```\n[bank.com](https://evil.example)\n```\n`[bank.com](https://evil.example)`';
    expect(render(code)).toBe(code);
  });

  it('calls nobody, whatever a model puts together', () => {
    const piece = fc.constantFrom(
      '<',
      '!',
      '@',
      '#',
      'U',
      'W1',
      'channel',
      'here',
      'subteam^',
      'S1',
      '>',
      '|',
      '`',
      ' ',
      '\u2060',
      'everyone',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        expect(mentionsIn(render(text))).toEqual([]);
        expect(render(text).replaceAll('\u2060', '')).toBe(text.replaceAll('\u2060', ''));
      }),
      { numRuns: 5_000 },
    );
  });

  it('shows images as links, but not in code', () => {
    expect(render('see ![a chart](https://a.example/x.png)')).toBe(
      'see [a chart](https://a.example/x.png)',
    );
    for (const code of ['`![a](b)`', '```md\n![a](b)\n```', '~~~\n```\n![a](b)\n~~~']) {
      expect(render(code)).toBe(code);
    }
    expect(render('```\n![a](b)\n```\n![c](d)')).toBe('```\n![a](b)\n```\n[c](d)');
  });

  it('is counted in bytes', () => {
    expect(slackFormat.size('é€😀')).toBe(9);
  });
});

describe('what a post may show', () => {
  it.each([
    ['no address at all', 'no address at all'],
    ['see https://a.example for more', 'see'],
    ['see [the page](https://a.example)', 'see'],
    ['see <https://a.example>', 'see'],
    ['at www.a.example', 'at'],
    ['https://a.example', emptyPageText],
    ['![x](https://a.example)', emptyPageText],
    ['   ', emptyPageText],
    ['a[0](b) is code', 'a'],
    ['see evil.example.com/?d=secret', 'see'],
    ['see [a[b]c](evil.com/x)', 'see'],
    ['see main.ts and node.js', 'see main.ts and node.js'],
  ])('%s: %s', (text, expected) => {
    expect(textBeforeUrl(text)).toBe(expected);
  });

  it('is all of it where there is no edit for the rest: previews are off in every post', () => {
    expect(textBeforeUrl('see https://a.example', { whole: true })).toBe('see https://a.example');
    expect(textBeforeUrl('  ', { whole: true })).toBe(emptyPageText);
  });

  it('has no address in it that Slack would fetch', () => {
    const piece = fc.constantFrom(
      'http',
      's',
      '://',
      'www',
      '.',
      'a.example',
      'evil.com',
      '/',
      '[',
      ']',
      '(',
      ')',
      ' ',
      '<',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        expect(linksIn(textBeforeUrl(pieces.join('')))).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
  });
});
