// Tested by test/unit/models/demo/demo-model.test.ts
import type { PromptMessage } from '../../core/ports/model.ts';

/** What the demo reads in a question: little, but enough to react to it. */
export interface Question {
  /** A word that the question seems to be about, safe in markdown. */
  readonly subject: string | undefined;
  /** The subject of an earlier question in the conversation. */
  readonly earlier: string | undefined;
  /** The question in lower case. */
  readonly text: string;
  readonly asksWhoYouAre: boolean;
  /** Whether it asks for facts, rather than to talk. */
  readonly wantsKnowledge: boolean;
  /** Words of the answer, if the question asks for a length or for something long. */
  readonly words: number | undefined;
}

/** Words of an answer that is to be long, without a number. */
const longWords = 900;

const whoAreYou =
  /\b(who|what) (are|r) (you|u)\b|your name|(which|what) (ai |language )?model|are you (an? |the )?(real|human|bot|ai|robot|demo|model)/;
const knowledge =
  /\b(what|when|where|why|how|who|which|whose|explain|calculate|translate|summari[sz]e|solve|latest|news|price|tell me about)\b|\d\s*[-+*/^]\s*\d/;
/** Not the "long" of "how long", "long ago" and "as long as". */
const long =
  /\b(essay|novel|lengthy)\b|(?<!\b(how|as|so|no|before|too) )\blong(er)?\b(?! (ago|time|as|term|before|enough|since|way)\b)/;

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
    asksWhoYouAre: whoAreYou.test(text),
    wantsKnowledge: knowledge.test(text),
    words: wordsIn(text) ?? (long.test(text) ? longWords : undefined),
  };
}

const commonWords = new Set(
  `about after again also always another answer because been before being between could does doing each essay every
  explain from good great have hello help here into just know like list little long make many maybe more most much must
  need never nice nothing okay other over please plan question really said should show since some something still such
  sure table tell than thank thanks that their them then there these they thing things think thinking this those
  thought thousand through today until very want well were what when where whether which while will wish with within
  without word words would write years your yourself compare code`.split(/\s+/),
);

/** The longest word that is not common; a name counts as four letters longer. */
function subjectOf(text: string): string | undefined {
  let best: string | undefined;
  let bestWeight = 4;
  for (const { 0: word, index } of text.matchAll(/\p{L}[\p{L}\p{N}'’-]{2,23}/gu)) {
    // A capital letter inside a sentence is a name.
    const weight = word.length + (index > 0 && /^\p{Lu}\p{Ll}/u.test(word) ? 4 : 0);
    if (weight < bestWeight || commonWords.has(word.toLowerCase())) continue;
    best = word;
    bestWeight = weight;
  }
  return best;
}

/** The number of "500 words", "a 2,000-word story", "10k words" and "a thousand words". */
function wordsIn(text: string): number | undefined {
  const unit = /[\s-]words?\b/.exec(text);
  if (unit === null) return undefined;
  // The number is searched in the last characters before the unit only: linear in the text.
  const before = text.slice(Math.max(0, unit.index - 32), unit.index);
  const [, digits, factor] = /(\d[\d.,]*)?[\s-]?(k|hundred|thousand)?$/.exec(before) ?? [];
  if (digits === undefined && factor === undefined) return undefined;
  const count = digits === undefined ? 1 : Number(digits.replaceAll(/[.,]/g, ''));
  return Math.max(1, count * (factor === undefined ? 1 : factor === 'hundred' ? 100 : 1_000));
}
