import * as lines from './phrases.ts';
import type { PromptMessage } from '../../core/ports/model.ts';
import { Shuffled, essay } from './essay.ts';
import { type Question, parseQuestion } from './question.ts';

/** Chance of mentioning an earlier question. */
const recallChance = 0.7;

/** What the dude answers: markdown, in character, rarely the same twice. */
export function answer(messages: readonly PromptMessage[], random: () => number): string {
  const question = parseQuestion(messages);
  const subject = question.subject ?? 'taking it easy';
  if (question.words !== undefined) return essay(subject, question.words, random);

  const one = (options: readonly string[], about = subject) =>
    new Shuffled(options, random).next().replaceAll('%', about);
  const talk: string[] = [one(lines.openings)];
  if (question.asksWhoYouAre) talk.push(one(lines.confessions));
  const reaction = lines.reactions.find(([words]) => words.test(question.text));
  if (reaction) talk.push(one(reaction[1]));
  else if (!question.asksWhoYouAre) {
    talk.push(one(question.subject ? lines.aboutSubject : lines.aboutNothing));
  }
  if (question.wantsKnowledge && !question.asksWhoYouAre) talk.push(one(lines.shrugs));

  const exhibit = samplesFor(question, random);
  const recall = question.earlier !== undefined && random() < recallChance;
  const paragraphs = [
    talk.join(' '),
    exhibit,
    [
      ...pick(lines.advice, exhibit === '' && !question.asksWhoYouAre ? 2 : 1, random),
      ...(recall ? [one(lines.memories, question.earlier)] : []),
    ].join(' '),
    question.asksWhoYouAre || question.wantsKnowledge ? lines.connectHint : '',
    one(lines.closings),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

/** Markdown to look at: what was asked for, or, now and then, a list for the fun of it. */
function samplesFor({ text }: Question, random: () => number): string {
  const stepDeck = new Shuffled(steps, random);
  const shown: string[] = [];
  if (/\b(table|compare|comparison|versus|vs)\b/.test(text)) {
    shown.push(new Shuffled(tables, random).next());
  }
  if (/\b(code|function|script|program|typescript|javascript|python)\b/.test(text)) {
    shown.push(new Shuffled(codeBlocks, random).next());
  }
  if (/\b(plan|steps?|how (to|do i)|recipe|schedule)\b/.test(text)) {
    shown.push(`Here is how I would roll:\n\n${list(stepDeck, true)}`);
  } else if (/\b(lists?|ideas|tips|options|bullets?)\b/.test(text) || random() < 0.25) {
    shown.push(`A few things that never hurt:\n\n${list(stepDeck, false)}`);
  }
  return shown.join('\n\n');
}

function pick(cards: readonly string[], count: number, random: () => number): string[] {
  const deck = new Shuffled(cards, random);
  return Array.from({ length: count }, () => deck.next());
}

/** Small pieces of markdown that show what a platform can render. */

const steps = [
  'Find the bathrobe. Everything starts with the bathrobe.',
  'Make something warm to hold, and hold it.',
  'Write the hard part on a napkin.',
  'Lose the napkin. See what you still remember: **that** is the plan.',
  'Call one friend. Not the loud one.',
  'Do ten minutes of it, on the good cushion.',
  'Roll a few frames while the rest settles.',
  'Go home before it stops being fun.',
];

function list(deck: Shuffled<string>, ordered: boolean): string {
  return Array.from({ length: 4 }, (_, index) => {
    return `${ordered ? `${index + 1}.` : '-'} ${deck.next()}`;
  }).join('\n');
}

const tables = [
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

const codeBlocks = [
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
