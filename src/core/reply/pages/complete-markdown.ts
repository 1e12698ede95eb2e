import remend from 'remend';
import { closers, openMarks } from './markdown/emphasis.ts';
import type { MarkdownState } from './markdown-state.ts';
import { delimiterRow, lastCell, mayBeDelimiterRow, mayBeHeader } from './markdown/blocks.ts';

/**
 * Only what closes marks. The library's links leave a placeholder address behind, its tags drop
 * all that follows a `<x`, and the rest rewrites text that is whole.
 */
const options = {
  links: false,
  images: false,
  htmlTags: false,
  katex: false,
  singleTilde: false,
  comparisonOperators: false,
  setextHeadings: false,
};

/** The library's time grows faster than its text. */
const maxRemend = 4_000;
const maxLink = 1_000;
const halfLink = /^\[([^\]\n`]*)(?:\]\([^()\n]*)?$/;
const halfAddress = /^<(https?:\/\/[^\s<>]*)$/i;
/** Below a paragraph, a first dash of a list or a rule would make a heading of it. */
const zeroWidthSpace = '\u200B';

/**
 * A mark that may open something, and of what nothing is known yet: shown, it would be a character
 * now and formatting a moment later.
 */
const loneMark = /(?:^|[\s([{"'“‘—])(\*{1,3}|_{1,3}|~{1,2}|`{1,2}|!?\[)$/;
const maxLoneMark = 8;

/** The text without a mark at its end that opens nothing yet. */
function withoutLoneMark(text: string): string {
  const [, mark] = loneMark.exec(text.slice(-maxLoneMark)) ?? [];
  return mark === undefined ? text : text.slice(0, -mark.length);
}

/** A link that is still being written reads as its text, an address without its bracket. */
function completeLink(text: string): string {
  const bracket = text.lastIndexOf('[');
  if (bracket >= 0 && text.length - bracket <= maxLink && text[bracket - 1] !== '\\') {
    const label = halfLink.exec(text.slice(bracket))?.[1];
    const image = text[bracket - 1] === '!' ? 1 : 0;
    if (label?.trim()) return text.slice(0, bracket - image) + label;
  }
  const angle = text.lastIndexOf('<');
  const address = angle < 0 ? undefined : halfAddress.exec(text.slice(angle, angle + maxLink))?.[1];
  return address === undefined ? text : text.slice(0, angle) + address;
}

/** Completes running text that is still being written; `marks` are open before it. */
export function completeInline(text: string, marks = ''): string {
  const written = marks + text;
  const opened = openMarks(written);
  const inCode = opened.at(-1)?.mark.startsWith('`') ?? false;
  const whole = inCode ? written : completeLink(marks + withoutLoneMark(text));
  const open = whole === written ? opened : openMarks(whole);
  if (open.length === 0) return whole.slice(marks.length);
  const closed = whole.trimEnd() + closers(open.map(({ mark }) => mark).join(''));
  if (openMarks(closed).length === 0) return closed.slice(marks.length);
  // The library knows half-typed marks, such as `~~gone~`; where marks nest it errs.
  const mended = whole.length <= maxRemend ? remend(whole, options) : closed;
  return (mended.startsWith(marks) ? mended : closed).slice(marks.length);
}

/** A live text made whole: the text, and lines to put below it. */
export interface CompletedMarkdown {
  readonly text: string;
  /** A line without what its containers put before it. */
  readonly below?: string;
}

/** Completes what is half written at the end of a reply that is still growing. */
export function completeMarkdown(reading: MarkdownState): CompletedMarkdown {
  const { text } = reading;
  const line = reading.lines.at(-1);
  const { leaf } = reading.positionAt(text.length).block;
  if (!line) return { text };
  const growing = line.end === text.length;
  const last = text.slice(line.content, line.end).trim();

  if (leaf.kind === 'fence') {
    // The first marks of the closing fence are not code.
    const closing =
      growing && line.kind === 'code' && last !== '' && leaf.fence.marker.startsWith(last);
    return { text: closing ? text.slice(0, line.start) : text };
  }
  if (line.kind === 'rule' && line.goesOn && growing && last.length < 3) {
    return { text: text + zeroWidthSpace };
  }
  const before = line.before.leaf;
  if (leaf.kind === 'paragraph' && line.goesOn && before.kind === 'paragraph') {
    if (mayBeHeader(before.last) && mayBeDelimiterRow(last)) {
      return { text: text.slice(0, line.start), below: delimiterRow(before.last, last) };
    }
  }
  const inline = reading.inlineAt(text.length);
  if (!inline) return { text: growing ? withoutLoneMark(text) : text };
  const running = completeInline(text.slice(inline.from), inline.marks);
  // The mark of a list alone, below a paragraph, would make a heading of it, too.
  const bare = running.trim() === '' && text.slice(line.start, inline.from).trim() !== '';
  const healed = text.slice(0, inline.from) + (bare ? zeroWidthSpace : running);
  if (leaf.kind === 'paragraph' && mayBeHeader(leaf.last)) {
    return { text: healed, below: delimiterRow(leaf.last) };
  }
  const half = leaf.kind === 'table' && lastCell(last) < last.length;
  return { text: half ? `${healed.trimEnd()} |` : healed };
}
