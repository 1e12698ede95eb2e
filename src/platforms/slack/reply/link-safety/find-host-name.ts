import tlds from 'tlds' with { type: 'json' };

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

export interface Found {
  readonly at: number;
  /** It ends where the text does, and may be no name of a host with what comes next. */
  readonly grows: boolean;
}

/**
 * The first name of a host that stands there without `https://`, as Slack makes links of such, too:
 * whatever has a path, and what ends as hosts do.
 */
export function hostNameIn(text: string): Found | undefined {
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
