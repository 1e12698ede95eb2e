/** Shortest run of characters that counts as quoted, in UTF-16 units. */
const shortestQuote = 12;
/** Longest part of a message that is kept, in UTF-16 units. */
const maxMessageChars = 2_000;

/** Characters as JSON, JavaScript, Python, addresses and HTML write them. */
const escaped =
  /\\u([\da-f]{4})|\\u\{([\da-f]{1,6})\}|\\x([\da-f]{2})|\\([nrtbfv])|((?:%[\da-f]{2})+)|&#(\d{1,7});|&#x([\da-f]{1,6});|&(lt|gt|amp|quot|apos|nbsp);/gi;

/** Number of groups in `escaped`. */
const groupCount = 8;
const dropped = /[\s\\+]+/g;

const named: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/** A text without the differences between its encodings. */
interface NormalizedText {
  readonly text: string;
  /** Start and end of each unit in the original text. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/**
 * A provider's message without quotes of the request: every run of 12 or more characters that occurs
 * in one of `texts` becomes `[…]`, also if it is encoded as in JSON, URLs or HTML, in capitals or with
 * other white space. Time is linear in the message and the texts.
 */
export function withoutQuotes(message: string, texts: readonly string[]): string {
  const read = message.slice(0, maxMessageChars);
  if (read.length < shortestQuote) return read;
  const normalized = normalize(read);
  const quoted = new Uint8Array(read.length);
  const mark = (from: number, to: number): void => void quoted.fill(1, from, to);
  const written = texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  for (const at of runsIn(read, written)) mark(at, at + shortestQuote);
  for (const at of runsIn(normalized.text, texts.map(normalizedText))) {
    mark(normalized.starts[at] ?? 0, normalized.ends[at + shortestQuote - 1] ?? read.length);
  }
  let kept = '';
  for (let at = 0; at < read.length; at += 1) {
    if (quoted[at] === 0) kept += read[at];
    else if (at === 0 || quoted[at - 1] === 0) kept += '[…]';
  }
  return kept;
}

/** Starts of the message's runs that occur in one of the texts. */
function runsIn(message: string, texts: readonly string[]): number[] {
  const starts = new Map<string, number[]>();
  for (let at = 0; at + shortestQuote <= message.length; at += 1) {
    const run = runAt(message, at);
    const known = starts.get(run);
    if (known === undefined) starts.set(run, [at]);
    else known.push(at);
  }
  const matches: number[] = [];
  for (const text of texts) {
    for (let at = 0; at + shortestQuote <= text.length && starts.size > 0; at += 1) {
      const run = runAt(text, at);
      const known = starts.get(run);
      if (known === undefined) continue;
      for (const start of known) matches.push(start);
      starts.delete(run);
    }
  }
  return matches;
}

function runAt(text: string, at: number): string {
  return text.slice(at, at + shortestQuote);
}

/** Decoded, in small letters, without white space, `+` and backslashes. */
function normalizedText(text: string): string {
  return text
    .replaceAll(escaped, (...match) => decodedOf(match.slice(0, groupCount + 1)))
    .replaceAll(dropped, '')
    .toLowerCase();
}

function normalize(text: string): NormalizedText {
  let normalized = '';
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (written: string, from: number, to?: number): void => {
    let at = from;
    for (const char of written) {
      const end = to ?? at + char.length;
      const small = char.replace(dropped, '').toLowerCase();
      for (let unit = 0; unit < small.length; unit += 1) {
        starts.push(at);
        ends.push(end);
      }
      normalized += small;
      at = to === undefined ? end : from;
    }
  };
  let from = 0;
  for (const match of text.matchAll(escaped)) {
    add(text.slice(from, match.index), from);
    from = match.index + match[0].length;
    add(decodedOf(match), match.index, from);
  }
  add(text.slice(from), from);
  return { text: normalized, starts, ends };
}

function decodedOf([whole = '', ...groups]: readonly (string | undefined)[]): string {
  const [unicode, point, byte, control, percent, decimal, hex, name] = groups;
  if (control !== undefined) return ' ';
  if (percent !== undefined) return Buffer.from(percent.replaceAll('%', ''), 'hex').toString();
  if (name !== undefined) return named[name.toLowerCase()] ?? ' ';
  const digits = unicode ?? point ?? byte ?? hex;
  const code = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
