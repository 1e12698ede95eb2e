// Tested by test/unit/models/demo/demo-model.test.ts
import type { PromptMessage } from '../../core/ports/model.ts';
import { parseQuestion, type Question } from './question.ts';

/** Longest answer, in UTF-16 units, whatever was asked for. */
const maxChars = 50_000;
/** Probability that an earlier question is mentioned. */
const recallProbability = 0.7;
/** Probability of a list that was not asked for. */
const listProbability = 0.25;

/** `%` stands for the subject of the question. */
const openings = [
  'Whoa, easy now. Let me put the slippers up on the table first.',
  'Right on. You caught me between a nap and another nap.',
  'Mmm. Okay. I was just watching the dust do its thing in the sunlight, but this is good too.',
  'Sure, sure. No rush on my side of the bathrobe.',
  'Oh man. You sound like somebody who has shoes on.',
];
const aboutSubject = [
  'So, **%**. I turned that word over a couple of times, and it has a nice weight to it, like a ball that fits your thumb.',
  '**%**, huh. A guy at the lanes talked about that once, for two whole frames. I nodded a lot.',
  'The thing with **%** is, you push it and it pushes back. You leave it alone and it comes to sit on your porch.',
];
const aboutNothing = [
  'I am not totally sure where we are headed here, but the ride is smooth and the window is down.',
  'That is open-ended, man, and I respect that. Most of my week is open-ended.',
  'We can just let that one float for a while. Nobody is keeping score except the machine at lane six.',
];
const advice = [
  'My advice is free and worth it: do the small part first, then reward yourself like you did the big one.',
  'What I would do is nothing, slowly, until the answer gets bored and shows itself.',
  'You want to aim a little left of the thing you want. Works for pins. Works for landlords.',
  'Ask yourself who is really in a hurry here. It is never the carpet.',
  'Half of it sorts itself out, and the other half was never yours to begin with.',
];
const memories = [
  'And hey, I have not forgotten about **%** from before. It is all one long evening to me.',
  'Same as with the **%** you brought up earlier, by the way: loose wrist, soft eyes.',
];
const closings = [
  'Anyway. Take it slow, and mind the edge of the carpet.',
  'That is my two cents, and I would like one of them back for the jukebox.',
  'So there you go. Be good to yourself, man.',
  'I am going to go look at the ceiling now, but in a friendly way.',
];
/** Who answers; each names the demo. */
const introductions = [
  'Me? I am the demo, man: a bathrobe full of prepared lines, no real model behind these shades.',
  'Truth is, I am only a demo. There is no big brain upstairs, just a fellow with a good stock of sentences.',
];
/** Why the demo cannot know the answer. */
const excuses = [
  'But the actual facts of it? No idea. I am a demo, man; all I know is what fits in a bathrobe pocket.',
  'Real answers are above my pay grade, though. I am just the demo that came with the place.',
];
const connectHint =
  'If you want one who knows things, set `OPENAI_API_KEY` (or `OPENAI_BASE_URL`) in `.env` and start me again.';

const listItems = [
  'Find the bathrobe. Everything starts with the bathrobe.',
  'Write the hard part on a napkin.',
  'Lose the napkin. See what you still remember: **that** is the plan.',
  'Do ten minutes of it, on the good cushion.',
  'Go home before it stops being fun.',
];
const table = `| Time | What | Effort |
| --- | --- | --- |
| Morning | None of those, thanks | zero |
| Noon | Slippers, coffee, *one* thought | low |
| Evening | Lanes, friends, nachos | just right |`;
const code = `\`\`\`python
def solve(problem):
    """Most of them leave if you are nice about it."""
    nap(minutes=20)
    return problem if problem.still_there() else None
\`\`\``;

/** An answer of the demo: markdown, in character, rarely the same twice. */
export function answer(messages: readonly PromptMessage[], random: () => number): string {
  const question = parseQuestion(messages);
  const { subject = 'taking it easy', earlier, asksWhoYouAre, wantsKnowledge } = question;
  if (question.words !== undefined) return longAnswer(subject, question.words, random);
  const pick = (options: readonly string[], about = subject): string =>
    (options[Math.floor(random() * options.length)] ?? '').replaceAll('%', about);
  const sample = sampleFor(question, random);
  const tips = shuffled(advice, random);
  const paragraphs = [
    [
      pick(openings),
      pick(asksWhoYouAre ? introductions : question.subject ? aboutSubject : aboutNothing),
      wantsKnowledge && !asksWhoYouAre ? pick(excuses) : '',
    ],
    [sample],
    [
      tips.next().value,
      sample === '' && !asksWhoYouAre ? tips.next().value : '',
      earlier !== undefined && random() < recallProbability ? pick(memories, earlier) : '',
    ],
    [asksWhoYouAre || wantsKnowledge ? connectHint : ''],
    [pick(closings)],
  ];
  return paragraphs
    .map((parts) => parts.filter((part) => part !== '').join(' '))
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

/** The markdown that was asked for, or, now and then, a list. */
function sampleFor({ text }: Question, random: () => number): string {
  if (/\b(table|compare|comparison|versus|vs)\b/.test(text)) return table;
  if (/\b(code|function|script|program|server|typescript|javascript|python)\b/.test(text)) {
    return code;
  }
  const items = shuffled(listItems, random);
  const list = (mark: (at: number) => string): string =>
    Array.from({ length: 4 }, (_, at) => `${mark(at)} ${items.next().value}`).join('\n');
  if (/\b(plan|steps?|how (to|do i)|recipe)\b/.test(text)) {
    return `Here is how I would roll:\n\n${list((at) => `${at + 1}.`)}`;
  }
  return /\b(lists?|ideas|tips|options)\b/.test(text) || random() < listProbability
    ? `A few things that never hurt:\n\n${list(() => '-')}`
    : '';
}

const beginnings = [
  'The way I see it,',
  'Most mornings,',
  'Between you and me,',
  'Long before lunch,',
];
const subjects = [
  'a good bathrobe',
  'an unopened letter',
  'the old couch on my porch',
  'a long and pointless drive',
  'my left sandal',
  'the moon over the parking lot',
  'a lukewarm coffee',
];
const verbs = [
  'teaches you more about % than',
  'goes well with % and with',
  'will outlast %, and probably also',
  'takes % a lot easier than',
  'drifts gently past % and towards',
];
const objects = [
  'a whole shelf of wise books',
  'anything with a password',
  'a man in a tie before noon',
  'all the clocks in the house',
  'a handshake that lasts too long',
  'the fine print on a rental form',
  'a map folded the wrong way',
  'an argument about parking',
];
const titles = [
  'Getting Comfortable',
  'What the Porch Knows',
  'A Short Detour',
  'Notes From the Couch',
];
const ending = 'And that, man, is about as far as the thought goes. Mind the step on your way out.';

/** An answer of about `words` words; no two paragraphs in a row are alike. */
function longAnswer(subject: string, words: number, random: () => number): string {
  const goal = words - wordsIn(ending);
  let text = '';
  let written = 0;
  for (const piece of pieces(subject, words > 150, random)) {
    if (written >= goal || text.length + piece.length + ending.length + 2 > maxChars) break;
    text += piece;
    written += wordsIn(piece);
  }
  return `${text}\n\n${ending}`.trimStart();
}

/** Sentences without end, each with the blank, the paragraph or the heading before it. */
function* pieces(subject: string, headed: boolean, random: () => number): Generator<string> {
  const [openers, who, verb, what, headings] = [beginnings, subjects, verbs, objects, titles].map(
    (options) => shuffled(options, random),
  ) as [Shuffled, Shuffled, Shuffled, Shuffled, Shuffled];
  const clause = (): string =>
    `${who.next().value} ${verb.next().value.replaceAll('%', subject)} ${what.next().value}`;
  const shape = shuffled(
    [
      () => `${openers.next().value} ${clause()}.`,
      () => `Ever notice how ${clause()}?`,
      () => `Not that it matters, but ${clause()}.`,
      () => `Some folks will tell you that ${clause()}, and the carpet agrees.`,
    ],
    random,
  );
  const sentence = (): string => shape.next().value();
  for (let paragraph = 0; ; paragraph += 1) {
    const heading = headed && paragraph % 5 === 0 ? `## ${headings.next().value}\n\n` : '';
    yield `\n\n${heading}${sentence()}`;
    const more = 2 + Math.floor(random() * 4);
    for (let count = 0; count < more; count += 1) yield ` ${sentence()}`;
  }
}

type Shuffled = Generator<string, never>;

/** Items in random order without end: all of them in each round, none twice in a row. */
function* shuffled<T>(items: readonly T[], random: () => number): Generator<T, never> {
  let last: T | undefined;
  for (;;) {
    const round = items
      .map((item) => ({ item, order: random() }))
      .toSorted((a, b) => a.order - b.order)
      .map(({ item }) => item);
    if (round[0] === last) round.reverse();
    yield* round;
    last = round.at(-1);
  }
}

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}
