import fc from 'fast-check';

/** A generated piece of markdown as lines, so that it can be put into a list or a quote. */
type Lines = fc.Arbitrary<string[]>;

const word = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'the',
      'answer',
      'is',
      'a',
      'river',
      'of',
      'small',
      'words,',
      'and',
      'then.',
      'So?',
      '3',
      '1986.',
      '-',
      '#',
      '5 < 6 & 7',
      'snake_case',
      'AT&T',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '我们的世界很大。',
      '日本語のテキスト',
      'שלום',
      'مرحبا بالعالم',
      'naïve',
      'e\u0301te\u0301',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('👨‍👩‍👧‍👦', '🇩🇪🇫🇷', '👍🏽', '👩🏿‍🚀👩🏿‍🚀', '❤️') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '<@U123ABC>',
      '<!here>',
      '<#C42|general>',
      '@somebody',
      ':tada:',
      '<https://a.example/x_y>',
      'https://example.com/a_b/c*d?e=1',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '[a link](https://example.com/x_y)',
      '[two words here](https://e.org/a(b)c "title")',
      '![pic](https://e.org/p.png)',
      '`code`',
      '``a ` b``',
      '`x_y * z`',
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('👨‍👩‍👧‍👦', '🇩🇪', '👍🏽', 'e\u0301', '中', 'नि'),
        fc.integer({ min: 5, max: 25 }),
      )
      .map(([character, times]) => character.repeat(times)),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 20, max: 120 })
      .map((length) => 'Donaudampfschiff'.repeat(8).slice(0, length)),
  },
);

const plain = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));

const calm = fc
  .array(
    fc.constantFrom(
      'the',
      'answer',
      'river',
      'words',
      'many',
      'things',
      '我们的世界',
      '👨‍👩‍👧‍👦',
      '`code`',
    ),
    { minLength: 1, maxLength: 10 },
  )
  .map((words) => words.join(' '));

const emphasis = fc.oneof(
  calm.map((text) => `**${text}**`),
  calm.map((text) => `*${text}*`),
  calm.map((text) => `_${text}_`),
  calm.map((text) => `~~${text}~~`),
  fc.tuple(calm, calm, calm).map(([a, b, c]) => `**${a} *${b}* ${c}**`),
  fc.tuple(calm, calm, calm).map(([a, b, c]) => `_${a} **${b}** ${c}_`),
);

const sentence = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: emphasis });

/** Running text of one line. */
const inline = fc.array(sentence, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(' '));

const paragraph: Lines = fc.array(inline, { minLength: 1, maxLength: 3 });

const heading: Lines = fc
  .tuple(fc.integer({ min: 1, max: 4 }), plain)
  .map(([level, text]) => [`${'#'.repeat(level)} ${text}`]);

const codeLine = fc.oneof(
  fc.constantFrom(
    '',
    'const a = 1;',
    '  return **not bold**;',
    '- not a list',
    '| not | a table |',
    '# not a heading',
    '> not a quote',
    'x < y && z > w',
    '\tindented',
    '👨‍👩‍👧‍👦 我们',
    '[no](link',
    '``',
  ),
  fc.integer({ min: 30, max: 150 }).map((length) => 'x+'.repeat(length).slice(0, length)),
);

/** A closed fence of at least one visible line. */
const fence: Lines = fc
  .tuple(
    fc.constantFrom('```', '````', '~~~', '~~~~~'),
    fc.constantFrom('', 'js', 'python', 'c++ title=x'),
    fc.array(codeLine, { maxLength: 12 }),
  )
  .map(([marker, info, lines]) => [`${marker}${info}`, 'begin', ...lines, 'end', marker]);

const cell = fc.oneof(
  fc.constantFrom('1', 'a', 'long cell with words', '**bold**', '`a`', '我们', ''),
  calm,
);

const table: Lines = fc.integer({ min: 1, max: 4 }).chain((columns) => {
  const row = fc
    .array(cell, { minLength: columns, maxLength: columns })
    .map((cells) => `| ${cells.join(' | ')} |`);
  const header = fc.array(fc.constantFrom('Name', 'Price', 'Wert'), {
    minLength: columns,
    maxLength: columns,
  });
  return fc
    .tuple(
      header,
      fc.constantFrom('---', ':-:', '--:'),
      fc.array(row, { minLength: 1, maxLength: 8 }),
    )
    .map(([names, dashes, rows]) => [
      `| ${names.join(' | ')} |`,
      `|${names.map(() => ` ${dashes} `).join('|')}|`,
      ...rows,
    ]);
});

function listOf(blocks: Lines, text = inline): Lines {
  const item = fc.tuple(text, fc.option(blocks, { freq: 3 }));
  return fc
    .tuple(fc.constantFrom('-', '*', '1.', '10)'), fc.array(item, { minLength: 1, maxLength: 5 }))
    .map(([marker, items]) =>
      items.flatMap(([text, inner]) => {
        const indent = ' '.repeat(marker.length + 1);
        const rest = inner ? ['', ...inner.map((line) => (line === '' ? '' : indent + line))] : [];
        return [`${marker} ${text}`, ...rest];
      }),
    );
}

function quoteOf(blocks: Lines): Lines {
  return blocks.map((lines) => lines.map((line) => (line === '' ? '>' : `> ${line}`)));
}

const leaf: Lines = fc.oneof({ weight: 3, arbitrary: paragraph }, heading, fence, table);
const list = listOf(fc.oneof(leaf, listOf(leaf)));
const quote = quoteOf(fc.oneof(leaf, listOf(leaf)));
const block = fc.oneof({ weight: 4, arbitrary: leaf }, list, quote);

function joined(blocks: Lines): fc.Arbitrary<string> {
  return fc
    .array(blocks, { minLength: 1, maxLength: 4 })
    .map((all) => all.map((lines) => lines.join('\n')).join('\n\n'));
}

/** Whole markdown, as a model writes it. */
export const document: fc.Arbitrary<string> = joined(block);

/** Markdown of paragraphs and fences at the top level alone. */
export const fencedDocument: fc.Arbitrary<string> = joined(fc.oneof(paragraph, fence, fence));

/** Markdown that ends anywhere, with characters that belong nowhere. */
export const brokenDocument: fc.Arbitrary<string> = fc
  .tuple(
    document,
    fc.nat(),
    fc.constantFrom('', '\ud83d', '\udc00', '\0', '\n\n\n', '```', '**', '|', '[', '> > '),
  )
  .map(
    ([text, at, odd]) =>
      text.slice(0, at % (text.length + 1)) + odd + text.slice(at % (text.length + 13)),
  );

/** How the text arrives: the lengths of its pieces, again and again. */
export const rhythm: fc.Arbitrary<number[]> = fc.oneof(
  {
    weight: 39,
    arbitrary: fc.array(fc.integer({ min: 1, max: 60 }), {
      minLength: 1,
      maxLength: 5,
    }),
  },
  // Now and then every single prefix.
  { weight: 1, arbitrary: fc.constant<number[]>([1]) },
);

/** The text in pieces of these lengths. */
export function* pieces(text: string, lengths: readonly number[]): Generator<string> {
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield text.slice(at, at + length);
    at += length;
  }
}

const calmInline = fc
  .array(fc.oneof(calm, emphasis), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(' '));
const calmParagraph: Lines = fc.array(calmInline, { minLength: 1, maxLength: 3 });
const calmHeading: Lines = calmInline.map((text) => [`## ${text}`]);
const calmLeaf: Lines = fc.oneof(calmParagraph, calmHeading, table);

/** Markdown in which every `*`, `_`, `~` and backtick marks something. */
export const markedDocument: fc.Arbitrary<string> = joined(
  fc.oneof(calmLeaf, listOf(calmLeaf, calmInline), quoteOf(calmParagraph)),
);

/** A table with what surrounds it. */
export const tableDocument: fc.Arbitrary<string> = joined(
  fc.oneof(calmParagraph, table, table, quoteOf(table)),
);
