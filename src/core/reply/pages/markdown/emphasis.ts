// Tested by test/unit/core/reply/pages/complete-markdown.test.ts
import { Backticks, runLength } from './inline-spans.ts';

/** A mark that is open at the end of a text: `*`, `**`, `_`, `~~` or the backticks of a code span. */
export interface OpenMark {
  readonly at: number;
  readonly mark: string;
}

/** A run of marks that is open, and the one that was open before it. */
interface Opener {
  readonly at: number;
  readonly char: string;
  readonly length: number;
  readonly closes: boolean;
  /** Marks of it that are not paired yet. */
  readonly left: number;
  readonly below: Opener | undefined;
}

type Run = Omit<Opener, 'below'>;

/** The marks that are open before `at`, the offset to read on from. */
interface State {
  readonly at: number;
  readonly open: Opener | undefined;
  /** Backticks that nothing closes: all behind them is code. */
  readonly code?: OpenMark;
}

/** More marks open at once are stray characters, not emphasis. */
const maxOpen = 6;
/** Most open runs that a run is compared with; a text with more is no prose. */
const maxBetween = 32;
/** A longer run is text. */
const maxBackticks = 8;
/** States of a text are kept so far apart, in UTF-16 units: all of them would fill the memory. */
const unitsBetween = 64;
const space = /^\s?$/u;
const punctuation = /^[\p{P}\p{S}]$/u;
/** Spans without emphasis: `<https://…>`, `](https://…)` and `https://…`. */
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

function inPair(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** Pairs a run with the open ones before it: what is open then, and how many of its marks are left. */
function pair(
  open: Opener | undefined,
  run: Run,
  opens: boolean,
): { open: Opener | undefined; left: number } {
  let { left } = run;
  let top = open;
  let between = 0;
  for (let other = open; other && left > 0 && between <= maxBetween; other = other.below) {
    // CommonMark's rule of three: `*a**b*` is not two pairs.
    const odd =
      run.char !== '~' &&
      (other.closes || opens) &&
      (other.length + run.length) % 3 === 0 &&
      (other.length % 3 !== 0 || run.length % 3 !== 0);
    if (other.char !== run.char || odd) {
      between += 1;
      continue;
    }
    let unpaired = other.left;
    while (left > 0 && unpaired > 0) {
      const used = left > 1 && unpaired > 1 ? 2 : 1;
      left -= used;
      unpaired -= used;
    }
    top = unpaired === 0 ? other.below : { ...other, left: unpaired };
  }
  return { open: top, left };
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

/** The marks that are open after a run of `*`, `_` or `~`. */
function behindRun(text: string, { at, open }: State): State {
  const length = runLength(text, at);
  const end = at + length;
  const found = readRun(text, at, length);
  if (!found) return { at: end, open };
  const { run, opens } = found;
  const paired = run.closes ? pair(open, run, opens) : { open, left: run.left };
  if (!opens || paired.left === 0) return { at: end, open: paired.open };
  return { at: end, open: { ...run, left: paired.left, below: paired.open } };
}

/** Units from `at` on that hold no emphasis, though marks may be among them; at least 1. */
function opaqueLength(text: string, at: number): number {
  opaque.lastIndex = at;
  const skipped = opaque.exec(text)?.[0] ?? '';
  let { length } = skipped;
  // A mark that closes emphasis right after an address is no part of it.
  if (/^h/i.test(skipped)) while ('*_~`'.includes(skipped[length - 1] ?? '/')) length--;
  return Math.max(1, length);
}

/** Characters that may be more than text. */
const special = /[\\`*_~<]|\]\(|https?:\/\//gi;

/** The next place that may be more than text. */
function specialFrom(text: string, from: number): number {
  special.lastIndex = from;
  return special.exec(text)?.index ?? text.length;
}

/**
 * One block's text, which is read once: to know what is open at some place takes no time that
 * grows with what stands before it.
 */
export class Marks {
  readonly #text: string;
  readonly #backticks: Backticks;
  /** States at intervals of the text that was read; the text between two is read again. */
  readonly #states: State[] = [{ at: 0, open: undefined }];

  constructor(text: string) {
    this.#text = text;
    this.#backticks = new Backticks(text);
  }

  /** The marks that are open where the text up to `end` ends, outermost first. */
  openAt(end: number): OpenMark[] {
    let kept = this.#stateBefore(this.#text.length);
    for (let next = kept; next.at < end && next.code === undefined;) {
      next = this.#behind(this.#text, next);
      if (next.code !== undefined || next.at - kept.at < unitsBetween) continue;
      kept = next;
      this.#states.push(kept);
    }
    // The text right before the end may have been read together with the text after it.
    const text = this.#text.slice(0, end);
    let state = this.#stateBefore(inPair(this.#text, end) ? end - 1 : end);
    while (state.at < end && state.code === undefined) state = this.#behind(text, state);
    return marksOf(state);
  }

  /** The state in which the next thing is read that may be more than text. */
  #behind(text: string, { at: from, open }: State): State {
    const at = specialFrom(text, from);
    const char = text[at];
    switch (char) {
      case undefined:
        return { at, open };
      case '\\':
        return { at: at + 2, open };
      case '`':
        return this.#behindBackticks(text, { at, open });
      case '*':
      case '_':
      case '~':
        return behindRun(text, { at, open });
      default:
        return { at: at + opaqueLength(text, at), open };
    }
  }

  #behindBackticks(text: string, { at, open }: State): State {
    const length = runLength(text, at);
    const from = at + length;
    if (length > maxBackticks) return { at: from, open };
    const end = this.#backticks.codeEnd(from, length, text.length);
    if (end >= 0) return { at: end, open };
    if (text.slice(from).trimEnd() === '') return { at: from, open };
    return { at: from, open, code: { at, mark: '`'.repeat(length) } };
  }

  /** The last state that holds whatever comes from `end` on. */
  #stateBefore(end: number): State {
    let low = 0;
    let high = this.#states.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const state = this.#states[middle];
      if (state && state.at < end) low = middle;
      else high = middle - 1;
    }
    return this.#states[low] ?? { at: 0, open: undefined };
  }
}

function marksOf({ open, code }: State): OpenMark[] {
  const marks = code ? [code] : [];
  for (let run = open; run; run = run.below) {
    marks.unshift({ at: run.at, mark: run.char.repeat(run.left) });
    if (marks.length > maxOpen) return [];
  }
  return marks;
}

/** The marks that are open at the end of one block's text, outermost first. */
export function openMarks(text: string): OpenMark[] {
  return new Marks(text).openAt(text.length);
}

/** The marks that close these, innermost first. */
export function closers(marks: string): string {
  return marks.split('').toReversed().join('');
}
