/** Longest text in UTF-16 units, whatever was asked for. */
const maxEssayChars = 50_000;

const beginnings = [
  'The way I see it,',
  'Most mornings,',
  'Back when the lanes still had paper score sheets,',
  'Some folks will tell you that',
  'Between you and me,',
  'On a slow Wednesday,',
  'If you squint a little,',
  'Long before lunch,',
  'Every once in a while,',
  'By the time the kettle sings,',
  'Under the right lamp,',
  'When nobody is looking,',
  'Somewhere around the third frame,',
];

const subjects = [
  'a good bathrobe',
  'the quiet kind of friend',
  'an unopened letter',
  'the old couch on my porch',
  'a ball with one chipped finger hole',
  'the neighbour with the leaf blower',
  'a long and pointless drive',
  'the fellow behind the shoe counter',
  'an honest afternoon',
  'my left sandal',
  'the smell of lane oil',
  'a record with a scratch in the middle',
  'whoever invented Mondays',
  'the moon over the parking lot',
  'a lukewarm coffee',
  'the idea of a plan',
  'some stranger with a kind face',
];

const verbs = [
  'teaches you more about % than',
  'settles the matter of % better than',
  'has very little in common with',
  'goes well with % and with',
  'will outlast %, and probably also',
  'asks for less than',
  'reminds me of % and, in a way, of',
  'never argues with',
  'takes % a lot easier than',
  'makes more sense than',
  'drifts gently past % and towards',
];

const objects = [
  'a whole shelf of wise books',
  'anything with a password',
  'a man in a tie before noon',
  'the second half of most movies',
  'a parade in the next town',
  'all the clocks in the house',
  'what they print on calendars',
  'a handshake that lasts too long',
  'the loudest person in the room',
  'a brand-new pair of shoes',
  'somebody else’s good advice',
  'the fine print on a rental form',
  'a phone that will not stop ringing',
  'the last slice nobody dares to take',
  'every speech I ever slept through',
  'a map folded the wrong way',
  'the queue at the post office',
  'a very small dog with opinions',
  'an argument about parking',
];

const tails = [
  'and that is fine by me',
  'which took me years to notice',
  'give or take a nap',
  'as far as I can tell from down here',
  'though I would not put it in writing',
  'and the carpet agrees',
  'so I let it roll',
];

const titles = [
  'Getting Comfortable',
  'What the Porch Knows',
  'A Short Detour',
  'Ten Pins and a Theory',
  'The Slipper Question',
  'Notes From the Couch',
  'Slower Than That',
  'The Part Where Nothing Happens',
];

const ending = 'And that, man, is about as far as the thought goes. Mind the step on your way out.';

/**
 * Writes about a subject until about `words` words stand there, at most 50,000 UTF-16 units.
 * No two paragraphs in a row are alike.
 */
export function essay(subject: string, words: number, random: () => number): string {
  const goal = words - wordsIn(ending);
  let text = '';
  let written = 0;
  for (const piece of pieces(subject, words > 150, random)) {
    if (written >= goal || text.length + piece.length + ending.length + 2 > maxEssayChars) break;
    text += piece;
    written += wordsIn(piece);
  }
  return `${text}\n\n${ending}`.trimStart();
}

/** Sentences without end, each with what stands before it: a blank, a paragraph, a heading. */
function* pieces(subject: string, headed: boolean, random: () => number): Generator<string> {
  const sentence = sentences(subject, random);
  const headings = new Shuffled(titles, random);
  for (let paragraph = 0; ; paragraph += 1) {
    yield headed && paragraph % 5 === 0
      ? `\n\n## ${headings.next()}\n\n${sentence()}`
      : `\n\n${sentence()}`;
    const more = 2 + Math.floor(random() * 4);
    for (let count = 0; count < more; count += 1) yield ` ${sentence()}`;
  }
}

function sentences(subject: string, random: () => number): () => string {
  const beginning = new Shuffled(beginnings, random);
  const who = new Shuffled(subjects, random);
  const verb = new Shuffled(verbs, random);
  const what = new Shuffled(objects, random);
  const tail = new Shuffled(tails, random);
  const core = () => `${who.next()} ${verb.next().replaceAll('%', subject)} ${what.next()}`;
  const shape = new Shuffled(
    [
      () => `${beginning.next()} ${core()}, ${tail.next()}.`,
      () => `${beginning.next()} ${core()}.`,
      () => `Ever notice how ${core()}?`,
      () => `${capital(core())}, ${tail.next()}.`,
      () => `Not that it matters, but ${core()}; ${who.next()} never cared either way.`,
    ],
    random,
  );
  return () => shape.next()();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** Deals the cards of a deck in random order, each once before any comes again. */
export class Shuffled<T> {
  readonly #cards: readonly T[];
  readonly #random: () => number;
  #rest: T[] = [];
  #last: T | undefined;

  /** At least one card; `random` gives numbers from 0 up to, not including, 1. */
  constructor(cards: readonly T[], random: () => number) {
    this.#cards = cards;
    this.#random = random;
  }

  next(): T {
    if (this.#rest.length === 0) this.#rest = this.#shuffled();
    const card = this.#rest.pop();
    if (card === undefined) throw new Error('a deck without cards');
    this.#last = card;
    return card;
  }

  #shuffled(): T[] {
    const cards = [...this.#cards];
    for (let place = cards.length - 1; place > 0; place -= 1) {
      const other = Math.floor(this.#random() * (place + 1));
      [cards[place], cards[other]] = [cards[other] as T, cards[place] as T];
    }
    // The last card of one round must not open the next.
    const [first] = cards;
    if (cards.at(-1) === this.#last && first !== undefined) {
      cards[0] = cards.at(-1) as T;
      cards[cards.length - 1] = first;
    }
    return cards;
  }
}
