/** What people ask; the number is their own. */
export function questionOf(number: number): string {
  return `Question ${number}: how do people read what is written?`;
}

/** The number of a question, however it was handed on; undefined if it is none. */
export function numberOf(question: string): number | undefined {
  const [, number] = /Question (\d+):/.exec(question) ?? [];
  return number === undefined ? undefined : Number(number);
}

/**
 * The answer to a question, `chars` UTF-16 units of it, no two alike: headings, paragraphs, lists,
 * emphasis. With `links` there is an address here and there, which Slack must not see in a post or
 * a stream.
 */
export function answerTo(number: number, chars: number, links = false): string {
  let text = `Answer ${number} begins here. `;
  for (let part = 1; text.length < chars; part += 1) {
    const here = `${number}.${part}`;
    text +=
      `People read part ${here} **while it is written**, so that its words come *steadily*. ` +
      `Nobody knows beforehand how long it will be, and \`part ${here}\` is of no use later.\n\n` +
      (links ? `More of it stands in [the ${here}th book](https://example.com/${here}).\n\n` : '') +
      `- the first point of ${here}\n- the second one, with **some weight** in ${here}\n\n` +
      `### On to part ${number}.${part + 1}\n\n`;
  }
  return text.slice(0, chars).trimEnd();
}

/** What people read of a text, whatever marks, dots and white space are around it. */
export function lettersOf(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '');
}
