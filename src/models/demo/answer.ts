import type { PromptMessage } from '../../core/ports/model.ts';
import { Deck } from './shuffled.ts';
import { essay } from './essay.ts';
import { codeBlocks, list, steps, tables } from './samples.ts';
import * as lines from './phrases.ts';
import { questionOf } from './question.ts';
import type { Question } from './question.ts';

/** Chance of mentioning an earlier question. */
const recallChance = 0.7;

/** What the dude answers: markdown, in character, rarely the same twice. */
export function answer(messages: readonly PromptMessage[], random: () => number): string {
  const question = questionOf(messages);
  const subject = question.subject ?? 'taking it easy';
  if (question.words !== undefined) return essay(subject, question.words, random);

  const one = (options: readonly string[], about = subject) =>
    new Deck(options, random).deal().replaceAll('%', about);
  const talk: string[] = [one(lines.openings)];
  if (question.asksWhoYouAre) talk.push(one(lines.confessions));
  const reaction = lines.reactions.find(([words]) => words.test(question.text));
  if (reaction) talk.push(one(reaction[1]));
  else if (!question.asksWhoYouAre) {
    talk.push(one(question.subject ? lines.aboutSubject : lines.aboutNothing));
  }
  if (question.wantsKnowledge && !question.asksWhoYouAre) talk.push(one(lines.shrugs));

  const exhibit = exhibitFor(question, random);
  const recall = question.earlier !== undefined && random() < recallChance;
  const paragraphs = [
    talk.join(' '),
    exhibit,
    [
      ...dealt(lines.advice, exhibit === '' && !question.asksWhoYouAre ? 2 : 1, random),
      ...(recall ? [one(lines.memories, question.earlier)] : []),
    ].join(' '),
    question.asksWhoYouAre || question.wantsKnowledge ? lines.connectHint : '',
    one(lines.closings),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

/** Markdown to look at: what was asked for, or, now and then, a list for the fun of it. */
function exhibitFor({ text }: Question, random: () => number): string {
  const stepDeck = new Deck(steps, random);
  const shown: string[] = [];
  if (/\b(table|compare|comparison|versus|vs)\b/.test(text)) {
    shown.push(new Deck(tables, random).deal());
  }
  if (/\b(code|function|script|program|typescript|javascript|python)\b/.test(text)) {
    shown.push(new Deck(codeBlocks, random).deal());
  }
  if (/\b(plan|steps?|how (to|do i)|recipe|schedule)\b/.test(text)) {
    shown.push(`Here is how I would roll:\n\n${list(stepDeck, true)}`);
  } else if (/\b(lists?|ideas|tips|options|bullets?)\b/.test(text) || random() < 0.25) {
    shown.push(`A few things that never hurt:\n\n${list(stepDeck, false)}`);
  }
  return shown.join('\n\n');
}

function dealt(cards: readonly string[], count: number, random: () => number): string[] {
  const deck = new Deck(cards, random);
  return Array.from({ length: count }, () => deck.deal());
}
