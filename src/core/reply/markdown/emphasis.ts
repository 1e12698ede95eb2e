/** A mark that is open at the end of a text: `*`, `**`, `_`, `~~` or the backticks of a code span. */
export interface OpenMark {
  readonly at: number;
  readonly mark: string;
}

interface Run {
  readonly at: number;
  readonly char: string;
  readonly length: number;
  readonly closes: boolean;
  /** Marks of it that are not paired yet. */
  left: number;
}

/** More marks open at once are stray characters, not emphasis. */
const maxOpen = 6;
const maxBackticks = 8;
const space = /^\s?$/u;
const punctuation = /^[\p{P}\p{S}]$/u;
/** What holds no emphasis: `<https://…>`, `](https://…)` and `https://…`. */
const opaque =
  /<[^\s<>]{1,500}>|\]\([^\s()]*(?:\([^\s()]*\)[^\s()]*)*(?:[ \t]+"[^"\n]*")?\)?|https?:\/\/[^\s<>]*/iy;

function charBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1);
  const pair = unit >= 0xdc00 && unit <= 0xdfff && at > 1;
  return text.slice(pair ? at - 2 : Math.max(0, at - 1), at);
}

function charAfter(text: string, at: number): string {
  const point = text.codePointAt(at);
  return point === undefined ? '' : String.fromCodePoint(point);
}

function runLength(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] === text[at]) end++;
  return end - at;
}

/** Where the code span that opens with `length` backticks before `from` ends, or -1. */
function codeEnd(text: string, from: number, length: number): number {
  for (let at = text.indexOf('`', from); at >= 0; at = text.indexOf('`', at)) {
    const found = runLength(text, at);
    at += found;
    if (found === length) return at;
  }
  return -1;
}

/** Pairs a run with the open ones before it; returns how many of its marks are left. */
function pair(open: Run[], run: Run, opens: boolean): number {
  let left = run.left;
  for (let index = open.length - 1; index >= 0 && left > 0; index--) {
    const other = open[index];
    if (other?.char !== run.char) continue;
    // CommonMark's rule of three: `*a**b*` is not two pairs.
    const odd =
      (other.closes || opens) &&
      (other.length + run.length) % 3 === 0 &&
      (other.length % 3 !== 0 || run.length % 3 !== 0);
    if (odd && run.char !== '~') continue;
    open.length = index + 1;
    while (left > 0 && other.left > 0) {
      const used = left > 1 && other.left > 1 ? 2 : 1;
      left -= used;
      other.left -= used;
    }
    if (other.left === 0) open.pop();
  }
  return left;
}

/** A run of `*`, `_` or `~` by CommonMark's rules of flanking, or undefined if it marks nothing. */
function readRun(
  text: string,
  at: number,
  length: number,
): { run: Run; opens: boolean } | undefined {
  const char = text[at] ?? '';
  if (length > 3 || (char === '~' && length !== 2)) return undefined;
  const before = charBefore(text, at);
  const after = charAfter(text, at + length);
  const spaceBefore = space.test(before);
  const spaceAfter = space.test(after);
  const left = !spaceAfter && (!punctuation.test(after) || spaceBefore || punctuation.test(before));
  const right =
    !spaceBefore && (!punctuation.test(before) || spaceAfter || punctuation.test(after));
  const opens = left && (char !== '_' || !right || punctuation.test(before));
  const closes = right && (char !== '_' || !left || punctuation.test(after));
  if (!opens && !closes) return undefined;
  return { run: { at, char, length, closes, left: length }, opens };
}

/** The marks that are open at the end of one block's text, outermost first. */
export function openMarks(text: string): OpenMark[] {
  const open: Run[] = [];
  let code: OpenMark | undefined;
  let at = 0;
  while (at < text.length && !code) {
    const char = text[at] ?? '';
    if (char === '\\') {
      at += 2;
    } else if (char === '`') {
      const length = runLength(text, at);
      const end = codeEnd(text, at + length, length);
      if (end < 0 && length <= maxBackticks && text.slice(at + length).trim() !== '') {
        code = { at, mark: '`'.repeat(length) };
      }
      at = end < 0 ? at + length : end;
    } else if (char === '*' || char === '_' || char === '~') {
      const length = runLength(text, at);
      const found = readRun(text, at, length);
      if (found) {
        const { run, opens } = found;
        if (run.closes) run.left = pair(open, run, opens);
        if (opens && run.left > 0) open.push(run);
      }
      at += length;
    } else if (char === '<' || char === ']' || char === 'h' || char === 'H') {
      opaque.lastIndex = at;
      const skipped = opaque.exec(text)?.[0];
      // What closes emphasis right behind an address is no part of it.
      at += Math.max(
        1,
        (char === 'h' || char === 'H' ? skipped?.replace(/[*_~`]+$/, '') : skipped)?.length ?? 0,
      );
    } else {
      at += 1;
    }
  }
  const marks = open.map((run) => ({ at: run.at, mark: run.char.repeat(run.left) }));
  if (code) marks.push(code);
  return marks.length > maxOpen ? [] : marks;
}

/** What closes these marks, innermost first. */
export function closers(marks: string): string {
  return marks.split('').toReversed().join('');
}
