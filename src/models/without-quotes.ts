/** Shortest run of characters that counts as quoted, in UTF-16 units. */
const shortestQuote = 12;
/** Longest part of a message that is looked at; what follows is dropped. In UTF-16 units. */
const maxMessageChars = 2_000;

/**
 * A provider's message without what it quotes of the request: every run of 12 or more characters
 * that stands in one of `texts`, as it is or escaped as in JSON, becomes `[…]`. Takes time linear
 * in the message and the texts.
 */
export function withoutQuotes(message: string, texts: readonly string[]): string {
  const read = message.slice(0, maxMessageChars);
  const wanted = new Set<string>();
  for (let at = 0; at + shortestQuote <= read.length; at += 1) wanted.add(runAt(read, at));
  const quotes = new Set<string>();
  for (const text of texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)])) {
    for (let at = 0; at + shortestQuote <= text.length && wanted.size > 0; at += 1) {
      const run = runAt(text, at);
      if (wanted.delete(run)) quotes.add(run);
    }
  }
  let kept = '';
  let quotedTo = 0;
  for (let at = 0; at < read.length; at += 1) {
    if (quotes.has(runAt(read, at))) {
      if (at >= quotedTo) kept += '[…]';
      quotedTo = at + shortestQuote;
    }
    if (at >= quotedTo) kept += read[at];
  }
  return kept;
}

function runAt(text: string, at: number): string {
  return text.slice(at, at + shortestQuote);
}
