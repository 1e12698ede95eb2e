// Tested by test/unit/core/reply/pages/page-splitter-whole.property.test.ts
/** A stretch of text, from its first unit to the one behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What loses its meaning when it is cut, also while it is still being written: escapes, entities,
 * `<https://…>` and `<@U1>`, bare addresses, `:emoji:`, `@name`, runs of marks.
 */
const short =
  /\\[!-/:-@[-`{-~]|&#?\w{2,32}(?:;|$)|<[^\s<>][^<>\n]{0,500}(?:>|$)|https?:\/\/[^\s<>]+|:[\w+-]{1,64}(?::|$)|@[\w.-]{1,80}|[*_~`]{2,}/gi;

const maxOpenBrackets = 32;
const maxTarget = 2_000;
const maxLinkText = 1_000;

/** CommonMark's readers give up on more nested parentheses than these. */
const maxParentheses = 32;

/** Where the target that opens with the parenthesis at `from` ends; the text's end if it does not. */
function targetEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '\n' || at - from > maxTarget || depth > maxParentheses) return -1;
    if (char === '\\') at++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at + 1;
  }
  return text.length;
}

function links(text: string): Span[] {
  const spans: Span[] = [];
  let open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '\n' && text[at + 1] === '\n') open = [];
    else if (char === '[') {
      open.push(at);
      if (open.length > maxOpenBrackets) open.shift();
    } else if (char === ']') {
      const from = open.pop();
      if (from === undefined || at - from > maxLinkText) continue;
      const start = text[from - 1] === '!' ? from - 1 : from;
      if (at + 1 === text.length) spans.push({ start, end: text.length });
      if (text[at + 1] !== '(') continue;
      const end = targetEnd(text, at + 1);
      if (end > 0) {
        spans.push({ start, end });
        at = end - 1;
      }
    }
  }
  const last = open.at(-1);
  if (last !== undefined && text.length - last <= maxLinkText && !text.includes('\n', last)) {
    spans.push({ start: text[last - 1] === '!' ? last - 1 : last, end: text.length });
  }
  return spans;
}

/** The constructs that a cut should not fall into, in order, none inside another. */
export function uncuttableSpans(text: string): Span[] {
  const found = [...text.matchAll(short)].map(({ index, 0: match }) => ({
    start: index,
    end: index + match.length,
  }));
  const spans = [...found, ...links(text)].sort((a, b) => a.start - b.start);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.start < last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else merged.push(span);
  }
  return merged;
}

/** The construct that a cut at `at` would fall into. */
export function spanAt(spans: readonly Span[], at: number): Span | undefined {
  let low = 0;
  let high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = spans[middle];
    if (!span) return undefined;
    if (at <= span.start) high = middle - 1;
    else if (at >= span.end) low = middle + 1;
    else return span;
  }
  return undefined;
}

/** The runs of backticks in a text, looked for once. */
export class Backticks {
  readonly #text: string;
  /** Where runs begin, in order, by how long they are. */
  #starts: Map<number, number[]> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Where the code span ends that `length` backticks before `from` open, if the text ended at
   * `end`; -1 if it does not.
   */
  codeEnd(from: number, length: number, end: number): number {
    this.#starts ??= startsIn(this.#text);
    const start = firstFrom(this.#starts.get(length) ?? [], from);
    if (start !== undefined && start + length <= end) return start + length;
    // The text may end in the middle of a run, which then is as long as it should be.
    const cut = this.#text[end - length - 1] !== '`' && end - length >= from;
    return cut && this.#text.slice(end - length, end) === '`'.repeat(length) ? end : -1;
  }
}

function startsIn(text: string): Map<number, number[]> {
  const starts = new Map<number, number[]>();
  for (let at = text.indexOf('`'); at >= 0;) {
    const length = runLength(text, at);
    const alike = starts.get(length);
    if (alike === undefined) starts.set(length, [at]);
    else alike.push(at);
    at = text.indexOf('`', at + length);
  }
  return starts;
}

/** How often the character at `at` stands there in a row. */
export function runLength(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] === text[at]) end++;
  return end - at;
}

/** The first of these, which are in order, that is not below `least`. */
function firstFrom(sorted: readonly number[], least: number): number | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}
