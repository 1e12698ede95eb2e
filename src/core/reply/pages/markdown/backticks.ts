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
