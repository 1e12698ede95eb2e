/** A whole answer, as people read it. */
interface Answer {
  readonly number: number;
  /** The names of the questions that it answers. */
  readonly to: readonly string[];
}

/** What stands in a place: whole answers, and what is wrong if there is anything else. */
export interface ParsedAnswers {
  readonly answers: readonly Answer[];
  readonly problem?: string;
}

/** Words of an answer between two line breaks. */
const wordsPerParagraph = 40;

/**
 * Writes answers of numbered words, never the same twice: two that are mixed up, a gap, or what
 * an earlier try left behind can be told.
 */
export class AnswerWriter {
  #written = 0;

  /** To these questions, with so many words between its first and its last sentence. */
  write(questions: readonly string[], words: number): string {
    this.#written += 1;
    const number = this.#written;
    const middle = Array.from({ length: words }, (_, at) =>
      at % wordsPerParagraph === wordsPerParagraph - 1 ? `${number}-${at}\n\n` : `${number}-${at} `,
    ).join('');
    const to = questions.join(',');
    return `Answer ${number} to ${to} has ${words} words: ${middle}Answer ${number} ends.`;
  }
}

/** Reads what the bot said in one place, page after page. */
export function parseAnswers(pages: readonly string[]): ParsedAnswers {
  const tokens = pages
    .join(' ')
    .split(/\s+/)
    .filter((token) => token !== '');
  const answers: Answer[] = [];
  let at = 0;
  while (at < tokens.length) {
    const opening = tokens.slice(at, at + 7).join(' ');
    const [whole, name, to = '', words] =
      /^Answer (\d+) to (\S+) has (\d+) words:/.exec(opening) ?? [];
    if (whole === undefined) return { answers, problem: `not an answer: "${opening}"` };
    const number = Number(name);
    at += 7;
    for (let word = 0; word < Number(words); word += 1, at += 1) {
      if (tokens[at] === `${number}-${word}`) continue;
      const found = tokens.slice(at, at + 4).join(' ');
      return { answers, problem: `answer ${number}: "${found}" in place of its word ${word}` };
    }
    const closing = tokens.slice(at, at + 3).join(' ');
    if (closing !== `Answer ${number} ends.`) {
      return { answers, problem: `answer ${number}: "${closing}" in place of its end` };
    }
    at += 3;
    answers.push({ number, to: to.split(',') });
  }
  return { answers };
}
