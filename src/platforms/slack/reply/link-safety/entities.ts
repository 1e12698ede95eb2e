/** Entities that stand for what an order or an address is made of, by name. */
const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  excl: '!',
  commat: '@',
  num: '#',
  colon: ':',
  sol: '/',
  bsol: '\\',
  period: '.',
  lowbar: '_',
  percnt: '%',
  plus: '+',
  quest: '?',
  lsqb: '[',
  lbrack: '[',
  rsqb: ']',
  rbrack: ']',
  lpar: '(',
  rpar: ')',
};

/** Also where the `&` of one is an entity itself. */
const entity =
  /&(?:(?:amp|#0*38|#x0*26);){0,4}(?:#0*(\d{1,7})|#x0*([\da-f]{1,6})|([a-z]{2,6}));?/gi;

/** A text as it may read where entities are characters, and where each of those stands in it. */
export interface Decoded {
  readonly text: string;
  /** The offset in the text as it was written. */
  at(offset: number): number;
}

/** Undefined where there is no entity that matters. */
export function decoded(written: string): Decoded | undefined {
  if (!written.includes('&')) return undefined;
  let text = '';
  let from = 0;
  /** Where entities stood, in both texts, in order. */
  const found: { readonly at: number; readonly end: number; readonly writtenEnd: number }[] = [];
  for (const { 0: whole, 1: decimal, 2: hex, 3: name, index } of written.matchAll(entity)) {
    const char = name === undefined ? charOf(decimal, hex) : named[name.toLowerCase()];
    if (char === undefined) continue;
    text += written.slice(from, index);
    const at = text.length;
    text += char;
    from = index + whole.length;
    found.push({ at, end: text.length, writtenEnd: from });
  }
  if (found.length === 0) return undefined;
  text += written.slice(from);
  return { text, at: (offset) => writtenAt(found, offset) };
}

function charOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  // All that an order or an address is made of; the rest may stay as it is.
  return point > 0x20 && point < 0x7f ? String.fromCharCode(point) : undefined;
}

/** Binary search for the last entity that begins at or before the offset. */
function writtenAt(
  found: readonly { readonly at: number; readonly end: number; readonly writtenEnd: number }[],
  offset: number,
): number {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((found[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  // What stands in an entity begins where the text before it ends.
  const before = found[low - 1];
  return before === undefined ? offset : before.writtenEnd + (offset - before.end);
}
