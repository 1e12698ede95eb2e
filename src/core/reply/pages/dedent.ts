import type { Container } from './markdown/containers.ts';
import { continuation, indentAt } from './markdown/containers.ts';

/**
 * A page that begins inside a list has no item around its first lines, and their indent would make
 * code of them. So they are moved to the left by the columns that belong to the item.
 */
export interface Shift {
  /** Quotes that all of this stands in. */
  readonly quotes: number;
  readonly columns: number;
}

export const unshifted: Shift = { quotes: 0, columns: 0 };

/** The shift for lines inside these containers: by the items behind the outermost quotes. */
export function shiftFor(containers: readonly Container[]): Shift {
  const quotes = containers.findIndex(({ kind }) => kind === 'item');
  if (quotes < 0) return unshifted;
  const rest = containers.slice(quotes);
  const inner = rest.findIndex(({ kind }) => kind === 'quote');
  const items = inner < 0 ? rest : rest.slice(0, inner);
  return { quotes, columns: items.reduce((sum, { indent }) => sum + indent, 0) };
}

/** How lines inside these containers begin on a page with this shift. */
export function margin(containers: readonly Container[], shift: Shift): string {
  const head = continuation(containers.slice(0, shift.quotes));
  const tail = continuation(containers.slice(shift.quotes));
  const spaces = tail.length - tail.trimStart().length;
  return head + tail.slice(Math.min(spaces, shift.columns));
}

/** Where the line goes on behind its quotes, or -1 if it has fewer. */
function skipQuotes(text: string, start: number, end: number, quotes: number): number {
  let at = start;
  for (let left = quotes; left > 0; left--) {
    const next = indentAt(text, at, end).at;
    if (next >= end || text[next] !== '>') return -1;
    at = Math.min(end, next + (text[next + 1] === ' ' ? 2 : 1));
  }
  return at;
}

/**
 * Shifts each line from the offset `from` on. A line with less indent has left the item, and what
 * is left of the shift is its own: the items around it have no begin on this page either.
 */
export function applyShift(
  text: string,
  shift: Shift,
  from: number,
): { text: string; left: Shift } {
  let columns = shift.columns;
  let start = from;
  let shifted = text.slice(0, from);
  while (columns > 0 && start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const at = skipQuotes(text, start, end, shift.quotes);
    const indent = at < 0 ? { at: start, columns: 0 } : indentAt(text, at, end);
    if (indent.at < end) columns = Math.min(columns, indent.columns);
    const kept = ' '.repeat(Math.max(0, indent.columns - columns));
    shifted += text.slice(start, Math.max(at, start)) + kept + text.slice(indent.at, end + 1);
    start = end + 1;
  }
  return { text: shifted + text.slice(start), left: { quotes: shift.quotes, columns } };
}
