/** Brackets, those that a line begins with, and the lines that end a paragraph. */
const mark = /^([ \t>*+\-\d.)]*)\[|^[ \t]*$|\\?\]|\[/gm;

/**
 * Where the first link begins whose target follows, `[…](` or `[…]:` at a line's beginning; -1 if
 * there is none. Whatever the label is: it may hold brackets, and lines. One pass.
 */
export function linkTargetIn(text: string): number {
  /** Brackets that are open, where the first of them stands, and whether one begins a line. */
  let depth = 0;
  let from = 0;
  let leads = false;
  for (const { 0: found, 1: before, index } of text.matchAll(mark)) {
    const end = index + found.length;
    if (found.endsWith('[')) {
      if (depth === 0) {
        from = end - 1;
        leads = false;
      }
      depth += 1;
      leads ||= before !== undefined;
    } else if (found.endsWith(']')) {
      const next = text[end];
      if (next === '(' || (next === ':' && depth > 0 && leads)) {
        return depth === 0 ? index : withImageMark(text, from);
      }
      // One behind a backslash closes nothing.
      if (depth > 0 && found === ']') depth -= 1;
    } else {
      depth = 0;
    }
  }
  return -1;
}

function withImageMark(text: string, from: number): number {
  return text[from - 1] === '!' ? from - 1 : from;
}
