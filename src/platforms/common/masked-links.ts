// Tested by test/unit/platforms/discord/reply/markdown-format.test.ts
/**
 * What is left alone (escaped marks, code, plain addresses), or a link or an image behind a text,
 * as Discord reads it: with a text that may hold brackets, and an address that may hold a title.
 * Each part of it can match in one way only, so that no text takes long.
 */
const tokens = new RegExp(
  [
    /\\[^0-9A-Za-z\s]/u,
    // A run of backticks that nothing closes is taken whole: none of its parts is tried.
    /(?=(?<ticks>`+))\k<ticks>(?<code>[^]*?[^`]\k<ticks>(?!`))?/u,
    /<[hH][tT]{2}[pP][sS]?:\/\/[^<>\s]*>/u,
    /(?<image>!)?\[(?<text>(?:[^[\]\\`]|\\.|`[^`]*`|\[[^[\]]*\])*|(?:[^[\]\\]|\\.|\[[^[\]]*\])*)\]\(\s*(?!\s)(?:<(?<wrapped>[^<>\n]*)>|(?<bare>(?:[^\s()<>]|\((?:[^\s()]|\([^\s()]*\))*\))*))(?:\s+(?!\s)(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/u,
    // A link that is written in some other way.
    /(?<odd>\])(?=\(\s*<?(?:[hH][tT]{2}[pP][sS]?|[dD][iI][sS][cC][oO][rR][dD])\\?:)/u,
    /(?<open>\[)/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

const scheme = /https?|discord/i;
const address = /^(?:https?|discord):/i;
const oddLink = /\](?=\(\s*<?(?:https?|discord)\\?:)/gi;
const withScheme = /(?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/([^\s/?#]*)/giu;
const domain = /(?<![\p{L}\p{N}@.-])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?![\p{L}\p{N}-])/gu;
const ipAddress = /(?<![\p{L}\p{N}@.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\p{L}\p{N}-])/gu;

/**
 * Links that a platform shows as their text alone: one whose text names another place than it leads
 * to is shown with its address. Images, which no platform should fetch, become links. `markdown` is
 * without fences.
 *
 * @param oddly whether what looks like a link that is written in some odd way is to be none; where
 *   a text is only ever added to, it may become an even one
 * @param read a text or an address as the platform may read it, such as without entities
 */
export function showMismatchedTargets(
  markdown: string,
  { oddly = true, read = (text: string): string => text } = {},
): string {
  if (!markdown.includes('](') || !scheme.test(read(markdown))) return markdown;
  // Behind backticks that nothing closes, Discord may see code where markdown sees none.
  let codeIsSure = true;
  let isOpen = false;
  return markdown.replaceAll(tokens, (all: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    const { ticks, code, text, image, odd, open } = groups;
    if (ticks !== undefined) {
      if (code === undefined && oddly) codeIsSure = false;
      return codeIsSure ? all : all.replaceAll(oddLink, '] ');
    }
    if (open !== undefined) isOpen = true;
    if (odd !== undefined && isOpen && oddly) return '] ';
    const written = (groups['wrapped'] ?? groups['bare'])?.replaceAll(/\\([^0-9A-Za-z\s])/g, '$1');
    if (text === undefined || written === undefined) return all;
    const target = address.test(written) ? written : read(written);
    if (!address.test(target)) return all;
    if (text.trim() === '') return `<${target}>`;
    if (text.includes('](') || namesAnotherHost(read(text), read(target))) {
      return `${text.replaceAll('](', '] (')} (<${target}>)`;
    }
    // A title would be shown instead of the address where somebody looks for that.
    return image === undefined && all.endsWith(`](${target})`) ? all : `[${text}](${target})`;
  });
}

function namesAnotherHost(text: string, target: string): boolean {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/[*~`|\\\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    // What an address may have instead of a dot.
    .replaceAll('。', '.');
  const place = hostOf(target);
  const named = [
    ...plain.matchAll(domain),
    ...plain.matchAll(ipAddress),
    ...plain.matchAll(withScheme),
    ...plain.replaceAll(/\s/g, '').matchAll(withScheme),
  ];
  return named.some(([, host = '']) => hostOf(`https://${host}`) !== place);
}

/** Undefined for what is no address. */
function hostOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.replace(/^www\./, '');
}
