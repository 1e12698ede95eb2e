const table = [
  '| Sorting | Best | Worst | Stable | When |',
  '|:--|--:|--:|:-:|:--|',
  '| Merge sort | n log n | n log n | yes | linked lists, files larger than memory |',
  '| Quicksort | n log n | n² | no | arrays in memory |',
  '| Insertion sort | n | n² | yes | short or nearly sorted lists |',
];

const code = [
  'def merge(left, right):',
  '    merged = []',
  '    while left and right:',
  '        source = left if left[0] <= right[0] else right',
  '        merged.append(source.pop(0))',
  '    return merged + left + right',
];

const prose =
  'The tide is the sea’s slow answer to the moon. Twice a day the water climbs the shore, and ' +
  'twice it goes back, and it has **never once** been late. Sailors wrote its hours into books ' +
  'long before anybody knew why; the *why* had to wait for [Newton](https://example.org/newton).';

/** Answers that show what pages have to cope with, by name. */
export const samples = {
  'A bit of everything': [
    '# Sorting, in short',
    prose,
    '## The candidates',
    table.join('\n'),
    '#### A merge, as code',
    ['```python', ...code, '```'].join('\n'),
    '- Reads well\n- Does **not** sort in place\n  1. copies once\n  2. copies twice',
    '> Premature optimisation is the root of all evil.\n> Mostly.',
    'Ask `<!channel>` and <@U123> nicely; they should not be called by this.',
  ].join('\n\n'),
  'A long text': Array.from({ length: 40 }, (_, n) => `${n + 1}. ${prose}`).join('\n\n'),
  'A long code block': [
    'All of it:',
    ['```python', ...Array.from({ length: 80 }, () => [...code, '']).flat(), '```'].join('\n'),
  ].join('\n\n'),
  'A long table': [...table, ...Array.from({ length: 40 }, () => table.slice(2)).flat()].join('\n'),
};
