/** Longest formula that is typeset, in characters. */
const maxFormula = 2_000;
const closers = { '\\(': '\\)', '\\[': '\\]' };
/** An amount of money, such as in `$10 million, or 5$`. */
const amount = /^\d[\d.,]*\s+\p{L}{3}/u;

/**
 * The formula that begins at `at`: `\(…\)`, `\[…\]`, `$$…$$`, or `$…$` without blanks at its inner
 * edges and without a digit after it. Reads up to the next mark of the same kind.
 *
 * Returns `{ raw, tex, display }`, or undefined if none does.
 */
export function formulaAt(text, at) {
  if (text[at] === '\\') return bracketed(text, at);
  return text[at + 1] === '$' ? dollars(text, at) : dollar(text, at);
}

/** Index of the next possible formula from `from` on, or -1. */
export function nextFormula(text, from) {
  for (let at = text.indexOf('$', from); at >= 0; at = text.indexOf('$', at + 1)) {
    // `US$5` is no formula.
    if (at === 0 || !/\w/.test(text[at - 1])) return at;
  }
  return -1;
}

function bracketed(text, at) {
  const closer = closers[text.slice(at, at + 2)];
  if (!closer) return undefined;
  const end = closing(text, at + 2, (mark) => mark === closer, '\\');
  // `\[text\](address)` is an escaped link, not a formula.
  if (closer === '\\]' && text[end + 2] === '(') return undefined;
  return formula(text, at, end, 2, closer === '\\]');
}

function dollars(text, at) {
  const end = closing(text, at + 2, (mark) => mark === '$$', '$');
  return formula(text, at, end, 2, true);
}

function dollar(text, at) {
  if (/\s/.test(text[at + 1] ?? ' ')) return undefined;
  const end = closing(text, at + 1, () => true, '$');
  if (end < 0 || /\s/.test(text[end - 1]) || /\d/.test(text[end + 1] ?? '')) return undefined;
  if (text.slice(at, end).includes('\n') || amount.test(text.slice(at + 1, end))) return undefined;
  return formula(text, at, end, 1, false);
}

/** Index of the mark that closes a formula; -1 if another mark of its kind comes first, or none. */
function closing(text, from, closes, kind) {
  const last = Math.min(text.length, from + maxFormula);
  for (let at = from; at < last; at += 1) {
    if (text[at] !== '\\' && text[at] !== '$') continue;
    const mark = text.slice(at, at + 2);
    const marks = kind === '$' ? text[at] === '$' : mark in closers || /^\\[\])]/.test(mark);
    if (marks) return closes(mark) ? at : -1;
    // A backslash takes the next character with it.
    if (text[at] === '\\') at += 1;
  }
  return -1;
}

function formula(text, at, end, width, display) {
  if (end < 0) return undefined;
  const tex = text.slice(at + width, end);
  return tex.trim() === '' ? undefined : { raw: text.slice(at, end + width), tex, display };
}

/** `masked` with the formulas of `text` masked, too, for the search of emphasis; same length. */
export function withoutFormulas(text, masked) {
  let shown = '';
  let done = 0;
  for (let at = 0; at < text.length; at += 1) {
    // Masked text, such as code, holds no formula; an escape is masked as pluses.
    const begins = text[at] === '$' ? masked[at] === '$' : text[at] === '\\' && masked[at] === '+';
    if (!begins) continue;
    const found = formulaAt(text, at);
    if (found) {
      shown += masked.slice(done, at) + 'a'.repeat(found.raw.length);
      done = at + found.raw.length;
      at = done - 1;
    } else if (text[at] === '\\') {
      at += 1;
    }
  }
  return shown + masked.slice(done);
}
