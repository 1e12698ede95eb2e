import { array, assert, property, string, stringMatching } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discordFormat } from '../../../src/platforms/discord/reply/markdown-format.ts';
import { slackFormat } from '../../../src/platforms/slack/reply/markdown-format.ts';

describe('on Slack', () => {
  it.each(['<!channel>', '<!here|here>', '<@U123>', '<#C1>', '<!subteam^S1>', '<<!everyone>'])(
    'nobody is called by a model that writes %s',
    (order) => {
      expect(slackFormat.render(`Hey ${order}!`)).not.toMatch(/<[!@#]/);
    },
  );

  it('everything else stays as it is', () => {
    const text = 'a < b && c > d, <https://example.org>, `x<y`, # heading\n\n| a | b |\n|--|--|';
    expect(slackFormat.render(text)).toBe(text);
  });

  it('a page is counted in bytes', () => {
    expect(slackFormat.size('aé語🙂')).toBe(1 + 2 + 3 + 4);
  });
});

describe('on Discord', () => {
  it('a table becomes a code block with aligned columns', () => {
    const table = [
      'Prices:',
      '',
      '| Fruit | Price |',
      '|:--|--:|',
      '| Fig | 1 |',
      '| Melon | 22 |',
    ];
    expect(discordFormat.render([...table, '', 'That is all.'].join('\n'))).toBe(
      [
        'Prices:',
        '',
        '```',
        'Fruit | Price',
        '------|------',
        'Fig   | 1',
        'Melon | 22',
        '```',
        '',
        'That is all.',
      ].join('\n'),
    );
  });

  it('wide letters count twice, so that columns stay aligned', () => {
    const rendered = discordFormat.render('| 語 | x |\n|--|--|\n| ab | y |\n| é | z |');
    expect(rendered.split('\n').slice(1, -1)).toEqual(['語 | x', '---|--', 'ab | y', 'é  | z']);
  });

  it('a pipe or backticks in a cell stay in their cell', () => {
    const rendered = discordFormat.render('| a | b |\n|--|--|\n| x \\| y | ```z``` |');
    expect(rendered).toContain('x | y |');
    expect(rendered.match(/```/g)).toHaveLength(2);
  });

  it('one very long cell does not make every row as long', () => {
    const rows = Array.from({ length: 20 }, (_, row) => `| ${row} | short |`).join('\n');
    const table = `| ${'x'.repeat(500)} | b |\n|--|--|\n${rows}`;
    expect(discordFormat.render(table).length).toBeLessThan(2_000);
  });

  it.each([
    ['#### Fourth', '**Fourth**'],
    ['###### **Sixth** size ##', '**Sixth size**'],
    ['### Third', '### Third'],
    ['####nothing', '####nothing'],
    ['#### ', '#### '],
  ])('the heading %j reads %j', (heading, shown) => {
    expect(discordFormat.render(heading)).toBe(shown);
  });

  it('nothing changes inside code', () => {
    const code = '```md\n#### Not a heading\n\n| a | b |\n|--|--|\n| 1 | 2 |\n```';
    expect(discordFormat.render(code)).toBe(code);
    expect(discordFormat.render(`${code}\n#### After`)).toBe(`${code}\n**After**`);
  });

  it('code within code stays one block: Discord knows no longer fences', () => {
    const shown = discordFormat.render('````md\n```\n#### x\n````\n#### After');
    expect(shown.replaceAll('\u200b', '')).toBe('```md\n```\n#### x\n```\n**After**');
    expect(shown.match(/^```/gm)).toHaveLength(2);
  });

  it('a page is counted in code points', () => {
    expect(discordFormat.size('aé語🙂👩‍👩‍👧')).toBe(Array.from('aé語🙂👩‍👩‍👧').length);
    assert(
      property(string({ unit: 'binary' }), (text) => {
        expect(discordFormat.size(text)).toBe(Array.from(text).length);
      }),
    );
  });

  it('no letter or digit of a table is lost', () => {
    const cell = stringMatching(/^[\w ]{0,12}$/);
    const rows = array(array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 6 });
    assert(
      property(rows, (rows) => {
        const lines = rows.map((cells) => `| ${cells.join(' | ')} |`);
        const source = ['| a | b | c |', '|--|--|--|', ...lines].join('\n');
        const letters = (text: string) => text.replaceAll(/\W/g, '');
        expect(letters(discordFormat.render(source))).toBe(letters(source));
      }),
    );
  });
});
