import type { Deck } from './shuffled.ts';

/** Small pieces of markdown that show what a platform can render. */

export const steps = [
  'Find the bathrobe. Everything starts with the bathrobe.',
  'Make something warm to hold, and hold it.',
  'Write the hard part on a napkin.',
  'Lose the napkin. See what you still remember: **that** is the plan.',
  'Call one friend. Not the loud one.',
  'Do ten minutes of it, on the good cushion.',
  'Roll a few frames while the rest settles.',
  'Go home before it stops being fun.',
];

export function list(deck: Deck<string>, ordered: boolean): string {
  return Array.from({ length: 4 }, (_, index) => {
    return `${ordered ? `${index + 1}.` : '-'} ${deck.deal()}`;
  }).join('\n');
}

export const tables = [
  [
    '| Time | What | Effort |',
    '| --- | --- | --- |',
    '| Morning | None of those, thanks | zero |',
    '| Noon | Slippers, coffee, *one* thought | low |',
    '| Evening | Lanes, friends, nachos | just right |',
  ].join('\n'),
  [
    '| Problem | Push it | Let it be |',
    '| --- | :---: | :---: |',
    '| Traffic | worse | a nap |',
    '| Email | more email | quiet |',
    '| A seven-ten split | heroic | also heroic |',
  ].join('\n'),
];

export const codeBlocks = [
  [
    '```ts',
    "const mood = (hour: number) => (hour < 12 ? 'asleep' : 'mellow');",
    '',
    'while (deadline.isNear()) {',
    '  breathe(4);',
    "  if (mood(now()) === 'mellow') break; // it always is",
    '}',
    '```',
  ].join('\n'),
  [
    '```python',
    'def solve(problem):',
    '    """Most of them leave if you are nice about it."""',
    '    nap(minutes=20)',
    '    return problem if problem.still_there() else None',
    '```',
  ].join('\n'),
];
