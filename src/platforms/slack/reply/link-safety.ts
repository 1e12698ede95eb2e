import tlds from 'tlds' with { type: 'json' };

/** Text of a page of which nothing may be shown yet. */
export const emptyPageText = '…';

/**
 * The part of a page that its post may show. Slack fetches addresses when a message is posted,
 * not when it is edited: a link that the model was talked into would tell its secrets to
 * whoever reads that server's log, before anybody clicked it. Slack promises not to where unfurling
 * is turned off, as it is in every post; that is relied on alone only for a `whole` page, for which
 * there is no edit.
 */
export function textBeforeUrl(
  text: string,
  { whole }: { whole: boolean } = { whole: false },
): string {
  if (whole) return text.trim() === '' ? emptyPageText : text;
  const address = findUrl(text);
  const shown = address === undefined ? text : text.slice(0, address.at).trimEnd();
  return shown.trim() === '' ? emptyPageText : shown;
}

/**
 * Text that may become a mention, or an address, with what comes next: that must be
 * known before it is sent, as what was sent cannot be taken back. Looked back for from the end, in
 * time that does not grow with what stands before.
 */
const unfinished = [
  // `<!channel`, `<@U1`, `<#C1`: what follows decides whether it is one, and is broken.
  /$(?<=(<\u2060?(?:[!@#][\w^]*)?))/,
  // An entity may be a part of either.
  /$(?<=(&#?\w{0,8}))/,
  // An image is shown as a link.
  /$(?<=(!))/,
  // A link's text, and the bracket of its target.
  /$(?<=(!?\[[^\]\n]{0,1000}\]?))/,
  // The beginning of an address, with the word that it stands in.
  /$(?<=(<?[\p{L}\p{M}\p{N}_@%+.\\-]*\b(?:https?|www|[a-z][a-z0-9+.-]*:\/?)))/iu,
];

/**
 * The part of a growing text that a stream may show: Slack fetches the addresses in a stream, so
 * none is sent, and holds to what it was sent, so what is unfinished at the end is not sent yet.
 *
 * @param text rendered
 * @param final nothing comes behind it
 * @returns `over`: with an address the stream is over
 */
export function streamableText(text: string, final = false): { text: string; over: boolean } {
  const address = findUrl(text);
  if (final && address === undefined) return { text, over: false };
  const over = address !== undefined && (final || !address.grows);
  // White space at a page's end is not part of it.
  let shown = text.slice(0, address?.at).trimEnd();
  for (const pattern of over ? [] : unfinished) {
    const open = pattern.exec(shown)?.[1] ?? '';
    shown = shown.slice(0, shown.length - open.length);
  }
  return { text: shown.trimEnd(), over };
}

/**
 * What tells of an address; the group is the word before it, of which nothing is left that may be
 * another one. Looked back from, as that may be long: looking on from each of its characters would
 * take a second for a page of letters.
 */
const urlSigns = [
  /:\/\/(?<=(<?[\p{L}\p{M}\p{N}_@%+.\\-]*[a-z][a-z0-9+.-]*):\/\/)/iu,
  /(?:mailto:|www\.)(?<=(<?[\p{L}\p{M}\p{N}_@%+.\\-]*)(?:mailto:|www\.))/iu,
];

/**
 * The first address in a text, alone or as a link's target, in code, too. Slack fetches what it
 * makes a link of, and what that is nobody knows for certain: rather too much is an address than too
 * little. Takes time as the text is long.
 */
export function findUrl(text: string): UrlPosition | undefined {
  const plain = findWrittenUrl(text);
  // Whether Slack reads `https&#58;//` as an address is not known.
  const read = decodeEntities(text);
  const hidden = read && findWrittenUrl(read.text);
  if (read === undefined || hidden === undefined) return plain;
  const at = read.at(hidden.at);
  return plain !== undefined && plain.at <= at ? plain : { ...hidden, at };
}

function findWrittenUrl(text: string): UrlPosition | undefined {
  const host = findHostName(text);
  const starts = urlSigns.flatMap((sign) => {
    const found = sign.exec(text);
    return found === null ? [] : [found.index - (found[1]?.length ?? 0)];
  });
  const target = findLinkTarget(text);
  if (target >= 0) starts.push(target);
  const at = Math.min(...starts);
  if (host !== undefined && host.at < at) return host;
  return starts.length === 0 ? undefined : { at, grows: false };
}

/** Names with dots, people's with an `@`, too. Looked for only where one begins: in one pass. */
const dotted =
  /<?(?<![\p{L}\p{M}\p{N}_@%+-])[\p{L}\p{M}\p{N}_@%+-]+(?:\\?\.[\p{L}\p{M}\p{N}_@%+-]+)+/gu;
const dot = /\\?\./;
/** What a name may end with: not the number of a version. */
const ending = /^(?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]+(?![\p{L}\p{M}\p{N}]))/iu;
const ipv4 = /^<?\d{1,3}(?:\.\d{1,3}){3}$/;
/** A path, or a query, behind a port or not. */
const path = /^(?::\d{1,5})?\\?(?:\/|[?#][^\s*)\]"'?!])/;

const endings = new Set(tlds);

/**
 * What makes an address of two parts alone. Not those that are the ends of files (`install.sh`,
 * `main.py`, `notes.md`) or words of programs (`this.name`): whoever owns such a name learns nothing
 * from it, as it was theirs before anything could be told.
 */
const plainEndings = new Set(
  (
    'com net org edu gov mil int info biz app dev io ai co tv xyz online site shop store cloud tech ' +
    'link page club eu uk us ca mx br ar de fr es pt nl ch se dk fi cz ie gr ru ua tr jp cn kr hk sg au nz za'
  ).split(' '),
);

export interface UrlPosition {
  readonly at: number;
  /** It ends where the text does, and may be no name of a host with what comes next. */
  readonly grows: boolean;
}

/**
 * The first name of a host that stands there without `https://`, as Slack makes links of such, too:
 * whatever has a path, and what ends as hosts do.
 */
export function findHostName(text: string): UrlPosition | undefined {
  for (const { 0: name, index } of text.matchAll(dotted)) {
    const end = index + name.length;
    const parts = name.split(dot);
    const last = ending.exec(parts.at(-1) ?? '')?.[0].toLowerCase();
    if (last === undefined && !ipv4.test(name)) continue;
    if (path.test(text.slice(end, end + 10))) return { at: index, grows: false };
    if (last === undefined || !endings.has(last)) continue;
    if (parts.length > 2 || plainEndings.has(last))
      return { at: index, grows: end === text.length };
  }
  return undefined;
}

/** Brackets, those that a line begins with, and the lines that end a paragraph. */
const mark = /^([ \t>*+\-\d.)]*)\[|^[ \t]*$|\\?\]|\[/gm;

/**
 * Where the first link begins whose target follows, `[…](` or `[…]:` at a line's beginning; -1 if
 * there is none. Whatever the label is: it may hold brackets, and lines. One pass.
 */
export function findLinkTarget(text: string): number {
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

/** Entities that stand for what an order or an address is made of, by name. */
const namedEntities: Readonly<Record<string, string>> = {
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
export interface DecodedText {
  readonly text: string;
  /** The offset in the text as it was written. */
  at(offset: number): number;
}

/** Undefined where there is no entity that matters. */
export function decodeEntities(written: string): DecodedText | undefined {
  if (!written.includes('&')) return undefined;
  let text = '';
  let from = 0;
  /** Where entities stood, in both texts, in order. */
  const found: { readonly at: number; readonly end: number; readonly writtenEnd: number }[] = [];
  for (const { 0: whole, 1: decimal, 2: hex, 3: name, index } of written.matchAll(entity)) {
    const char = name === undefined ? charOf(decimal, hex) : namedEntities[name.toLowerCase()];
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
