/**
 * What is left alone (escaped marks, code, plain addresses), or a link or an image behind a text,
 * as Discord reads it: with a text that may hold brackets, and an address that may hold a title.
 */
const tokens =
  /\\[^0-9A-Za-z\s]|(?<ticks>`+)[^]*?[^`]\k<ticks>(?!`)|<https?:[^>\s]*>|(?<image>!)?\[(?<text>(?:[^[\]\\`]|\\.|`[^`]*`|\[[^[\]]*\])*)\]\(\s*(?:<(?<wrapped>[^<>\n]*)>|(?<bare>(?:[^\s()<>]|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/gu;

const address = /^(?:https?|discord):\/\//i;
const withScheme = /[a-z][a-z0-9+.-]*:\/\/([^\s/?#]*)/giu;
const domain = /(?<![\p{L}\p{N}@.-])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?![\p{L}\p{N}-])/gu;

/**
 * Links that Discord shows as their text alone: one whose text names another place than it leads
 * to is shown with its address. Images, which Discord does not show, become links. `markdown` is
 * without fences.
 */
export function honestLinks(markdown: string): string {
  if (!markdown.includes('](')) return markdown;
  return markdown.replaceAll(tokens, (all: string, ...rest: unknown[]) => {
    const { text, image, wrapped, bare } = rest.at(-1) as Record<string, string | undefined>;
    const target = wrapped ?? bare;
    if (text === undefined || target === undefined || !address.test(target)) return all;
    if (text.trim() === '') return `<${target}>`;
    if (leadsElsewhere(text, target)) return `${text} (<${target}>)`;
    // A title would be shown instead of the address where somebody looks for that.
    return image === undefined && all.endsWith(`](${target})`) ? all : `[${text}](${target})`;
  });
}

function leadsElsewhere(text: string, target: string): boolean {
  const plain = text.normalize('NFKC').replaceAll(/[*~`|\\\p{Cf}]/gu, '');
  const place = hostOf(target);
  const named = [
    ...plain.matchAll(domain),
    ...plain.matchAll(withScheme),
    ...plain.replaceAll(/\s/g, '').matchAll(withScheme),
  ];
  return named.some(([, host = '']) => hostOf(`https://${host}`) !== place);
}

/** Undefined for what is no address. */
function hostOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.replace(/^www\./, '');
}

const link =
  /\[([^[\]\n]*)\]\(<?(?:https?|discord):\/\/[^\s<>)]*>?\)|<?\b(?:https?|discord):\/\/(?:[^\s<>)\]]*[^\s<>)\].,;:!?'"])?>?/gi;

/** For servers that forbid links; never longer than it was. */
export function withoutLinks(text: string): string {
  return text.replaceAll(link, (all: string, name: string | undefined) => {
    const note = all.length - (name?.length ?? 0) > 15 ? '(link left out)' : '(link)';
    return name === undefined || name === '' ? note : `${name} ${note}`;
  });
}
