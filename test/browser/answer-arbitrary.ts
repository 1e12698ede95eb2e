import fc from 'fast-check';

/** A piece of markdown as lines, so that it can be put into a list or a quote. */
type Lines = fc.Arbitrary<string[]>;

const word = fc.constantFrom(
  'the',
  'answer',
  'of',
  'it.',
  '5 < 6 & 7',
  'snake_case',
  'C:\\Users\\_x',
  '1.',
  '-',
  '#',
  '+',
  '*',
  '**',
  '_',
  '`',
  '~~',
  '[',
  '](',
  '![',
  '<',
  '|',
  '$',
  '\\',
  '\\(',
  '\\[',
  '$$',
  '&amp;',
  '👨‍👩‍👧‍👦',
  '🇩🇪',
  'e\u0301',
  '第一步：',
  '日本語',
  'שלום',
  '  ',
  '\t',
);

const mark = fc.constantFrom(
  '**bold**',
  '*it*',
  '_so_',
  '~~gone~~',
  '`code`',
  '``a ` b``',
  '**a *b* c**',
  '**第一步：**安装',
  '[link](https://example.com/a_b)',
  '[two](<https://e.org/a b> "title")',
  '<https://a.example>',
  'https://example.com/文档。',
  '![pic](https://e.org/p.png)',
  '[x](javascript:1)',
  '[ref][id]',
  '$x_1^2$',
  '\\(a * b\\)',
  '$$\\frac{1}{2}$$',
  '$\\frac{1$',
  '$5 and $10',
  '\\[ y \\]',
  '<b>fat</b>',
  'a<br>b',
  '<kbd>',
  '<script>x</script>',
  '<img src=x>',
  '<!-- no -->',
  '<a',
);

const inline = fc
  .array(fc.oneof({ weight: 2, arbitrary: word }, mark), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(' '));

const paragraph: Lines = fc.array(inline, { minLength: 1, maxLength: 3 });

const heading: Lines = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), inline)
    .map(([level, text]) => [`${'#'.repeat(level)} ${text}`]),
  inline.map((text) => [text, '---']),
);

const codeLine = fc.constantFrom(
  '',
  'def f(x):',
  '    return "x"',
  '# no heading',
  '``',
  '`',
  '| a |',
  '$x$',
  '</code>',
  '<b>',
);

const fence: Lines = fc
  .record({
    marks: fc.constantFrom('```', '~~~', '````'),
    language: fc.constantFrom('', 'py', 'python', 'js', 'html', 'nosuch', 'c++ title="a"'),
    lines: fc.oneof(fc.constant([]), fc.array(codeLine, { maxLength: 5 })),
    closed: fc.boolean(),
  })
  .map(({ marks, language, lines, closed }) => [
    `${marks}${language}`,
    ...lines,
    ...(closed ? [marks] : []),
  ]);

const table: Lines = fc
  .tuple(fc.array(mark, { minLength: 1, maxLength: 3 }), fc.array(fc.array(mark, { maxLength: 4 })))
  .map(([head, rows]) => [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, place) => [':--', '--:', ':-:', '--'][place]).join('|')}|`,
    ...rows.slice(0, 4).map((row) => `| ${row.join(' | ')} |`),
  ]);

const html: Lines = fc.constantFrom(
  ['<div>', 'text', '</div>'],
  ['<details><summary>more</summary>', '', 'hidden', '', '</details>'],
  ['<pre>', '  x', '</pre>'],
  ['<!-- a', 'b -->'],
);

const formula: Lines = fc.constantFrom(
  ['$$', 'x = \\frac{-b}{2a}', '+ c', '$$'],
  ['\\[', '\\begin{aligned} a &= b \\\\', '&= c \\end{aligned}', '\\]'],
  ['$$', '\\frac{', '$$'],
  ['\\[ x'],
);

const rule: Lines = fc.constantFrom(['---'], ['***'], ['[id]: https://example.com/ref']);

function joined(blocks: string[][]): string[] {
  return blocks.flatMap((lines, place) => (place === 0 ? lines : ['', ...lines]));
}

const { block } = fc.letrec<{ block: string[]; inner: string[] }>((tie) => ({
  inner: fc.array(tie('block'), { minLength: 1, maxLength: 2 }).map((blocks) => joined(blocks)),
  block: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    paragraph,
    heading,
    fence,
    table,
    html,
    formula,
    rule,
    tie('inner').map((lines) => lines.map((line) => `> ${line}`)),
    fc
      .tuple(
        fc.constantFrom('- ', '* ', '1. ', '10) ', '- [ ] ', '- [x] '),
        fc.array(tie('inner'), { minLength: 1, maxLength: 3 }),
      )
      .map(([bullet, items]) =>
        items.flatMap((lines) =>
          lines.map(
            (line, place) => (place === 0 ? bullet : ' '.repeat(bullet.indexOf(' ') + 1)) + line,
          ),
        ),
      ),
  ),
}));

/** What a model may answer: every kind of block, in every other. */
export const answer = fc
  .array(block, { minLength: 1, maxLength: 3 })
  .map((blocks) => joined(blocks).join('\n'));
