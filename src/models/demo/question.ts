import type { PromptMessage } from '../../core/ports/model.ts';

/** What the demo understands of a question: little, but enough to react to it. */
export interface Question {
  /** A word that it seems to be about, safe to put into markdown. */
  readonly subject: string | undefined;
  /** A subject of an earlier question in the same conversation. */
  readonly earlier: string | undefined;
  /** Lower-case text, to look for words. */
  readonly text: string;
  readonly asksWhoYouAre: boolean;
  /** It wants to know something, rather than only to talk. */
  readonly wantsKnowledge: boolean;
  /** How many words are wished for, if the wish is for something long or of a certain length. */
  readonly words: number | undefined;
}

/** What "long" means when nobody says how long. */
const longWords = 900;

export function parseQuestion(messages: readonly PromptMessage[]): Question {
  const asked = messages.filter(({ role }) => role === 'user').map(({ text }) => text);
  const newest = asked.at(-1) ?? '';
  const text = newest.toLowerCase();
  const subject = subjectOf(newest);
  const earlier = asked
    .slice(0, -1)
    .map(subjectOf)
    .findLast((word) => word !== undefined && word !== subject);
  return {
    subject,
    earlier,
    text,
    asksWhoYouAre:
      /\b(who|what) (are|r) (you|u)\b|\bwho('s| is) (this|there)\b|your name|which (ai |language )?model|what model|are you (a |an |the )?(real|human|bot|ai|robot|demo|model|gpt|chatgpt)|introduce yourself/.test(
        text,
      ),
    wantsKnowledge:
      /\b(what|when|where|why|how|who|which|whose|explain|calculate|compute|define|translate|summari[sz]e|solve|latest|news|price|tell me about)\b|\d\s*[-+*/^]\s*\d/.test(
        text,
      ),
    words: wordsWished(text),
  };
}

/** The weightiest word that is none of the small change of talk; the later one of equals. */
function subjectOf(text: string): string | undefined {
  let best: string | undefined;
  let bestWeight = 4;
  for (const { 0: word, index } of text.matchAll(/\p{L}[\p{L}\p{N}'’-]{2,23}/gu)) {
    // A capital letter inside a sentence is a name, and people like to be asked about names.
    const weight = word.length + (index > 0 && /^\p{Lu}\p{Ll}/u.test(word) ? 4 : 0);
    if (weight < bestWeight || smallChange.has(word.toLowerCase())) continue;
    best = word;
    bestWeight = weight;
  }
  return best;
}

const smallChange = new Set(
  `about actually again also always and another answer any anything are ask because been before being bit both but can
  chars characters could dear did does doing done down each else essay even ever every everything explain few for from
  get give going good great had has have hello help her here hey hey-ho him his how into its just know let like list
  little long make many maybe mean might more most much must need never nice not nothing now off okay one only other our
  out over own paragraph paragraphs people please plan question quite really said same say see should show since some
  someone something still story such sure table take tell than thank thanks that the their them then there these they
  thing things think thinking thought this those though thousand too try under until use used very wait want was way well were what when
  where whether which while who why will wish with within without word words would write yes yet you your yours yourself
  dude man markdown code hundred chapter chapters page pages times`.split(/\s+/),
);

const numerals: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twenty: 20,
  fifty: 50,
};

const wordsPer = { word: 1, char: 1 / 5.1, character: 1 / 5.1, paragraph: 70, page: 450 };

/** Not the "long" of "how long", "long ago" and "as long as". */
const long =
  /\b(essay|novel|saga|epic|lengthy|endless)\b|(?<!\b(how|as|so|no|before|too) )\blong(er|est)?\b(?! (ago|time|as|term|before|enough|since|way|run)\b)/;

const unit = /[\s-](?:word|char|character|paragraph|page)s?\b/;

/** "500 words", "a 2,000-word story", "ten thousand words", "40k characters", "three pages". */
function wordsWished(text: string): number | undefined {
  const found = unit.exec(text);
  // What stands before it is looked back for from there, and not far: no text takes long.
  const near = found && text.slice(Math.max(0, found.index - 64), found.index + found[0].length);
  const wish = near
    ? /(?<count>\d[\d.,]*|\b[a-z]+)?[\s-]*(?<times>k|hundred|thousand)?[\s-]+(?<unit>word|char|character|paragraph|page)s?\b/.exec(
        near,
      )?.groups
    : undefined;
  const count = wish && countOf(wish.count, wish.times);
  if (count) return Math.max(1, Math.round(count * wordsPer[wish.unit as keyof typeof wordsPer]));
  return long.test(text) ? longWords : undefined;
}

function countOf(count: string | undefined, times: string | undefined): number | undefined {
  const factor = times === 'hundred' ? 100 : times === undefined ? 1 : 1_000;
  if (count === undefined) return times === undefined ? undefined : factor;
  if (/^\d/.test(count)) return Number(count.replaceAll(/[.,]/g, '')) * factor;
  const numeral = numerals[count] ?? { hundred: 100, thousand: 1_000 }[count];
  return numeral === undefined ? undefined : numeral * factor;
}
