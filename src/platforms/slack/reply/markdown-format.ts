import type { PageFormat } from '../../../core/ports/surface.ts';
import { showMismatchedTargets } from '../../common/masked-links.ts';
import { decodeEntities } from './link-safety.ts';

/**
 * Slack's markdown: 12,000 characters by the book, but a stream was measured to hold no more
 * than about 10.6 kB, counted in UTF-8. Posts and edits keep to what a stream holds, too.
 */
const limitBytes = 9_000;

/** Invisible, and enough for Slack not to take what follows `<` for an order. */
const wordJoiner = '\u2060';

/**
 * A model that writes `<!channel>`, `<@U…>` or `<#C…>` would call people, even from within code:
 * Slack has no switch against it. Nothing else is touched, so that `<!DOCTYPE html>` in code can
 * be copied as it was written.
 */
const specialMentions =
  /<(?=!(?:channel|here|everyone|group|subteam|date)\b|@[UWBS][A-Z0-9]|#[CGD][A-Z0-9])/gi;

/** The same where some of it is written as entities, which Slack may read as what they stand for. */
const encodedMentions =
  /(?:<|&(?:(?:amp|#0*38|#x0*26);){0,4}(?:lt|#0*60|#x0*3c)(?![\da-z]);?)(?=[!@#]|&(?:(?:amp|#0*38|#x0*26);){0,4}(?:excl|commat|num|#0*(?:33|35|64)|#x0*(?:21|23|40))(?![\da-z]))/gi;

/** How Slack shows an answer: its markdown is close to GFM, tables included. */
export const slackFormat: PageFormat = {
  limit: limitBytes,
  render: (markdown) => withoutMentions(plainLinks(markdown)),
  size: (rendered) => Buffer.byteLength(rendered),
};

function withoutMentions(markdown: string): string {
  const shown = markdown.replaceAll(specialMentions, `<${wordJoiner}`);
  if (!shown.includes('&')) return shown;
  return shown.replaceAll(encodedMentions, (opening, at: number) => {
    // Without any entity it is one of those above, or none.
    const behind = shown.slice(at + opening.length, at + opening.length + 24);
    const isHidden = opening !== '<' || /^(?:[!@#][\w^]*)?&#?\w\w/.test(behind);
    return isHidden ? `${opening}${wordJoiner}` : opening;
  });
}

/** Images as links, and links whose text names another place than theirs with their address. */
function plainLinks(markdown: string): string {
  if (!/\]\(|!\[|\|/.test(markdown)) return markdown;
  const shown: string[] = [];
  let prose: string[] = [];
  const showProse = (): void => {
    if (prose.length > 0)
      shown.push(showMismatchedTargets(prose.join('\n'), { oddly: false, read }));
    prose = [];
  };
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    const marks = /^[\s>]*(`{3,}|~{3,})/.exec(line)?.[1];
    if (marks !== undefined && (fence === undefined || marks.startsWith(fence))) {
      fence = fence === undefined ? marks : undefined;
      showProse();
      shown.push(line);
    } else if (fence === undefined) prose.push(outsideCode(line, plainIn));
    else shown.push(line);
  }
  showProse();
  return shown.join('\n');
}

/** As Slack may read it. */
function read(text: string): string {
  return decodeEntities(text)?.text ?? text;
}

/** Slack's own links, `<https://…|text>`, are judged as markdown's are. */
function plainIn(line: string): string {
  const links = line.replaceAll(/<(https?:[^\s<>|]*)\|([^<>[\]]*)>/gi, '[$2]($1)');
  return withoutImages(links);
}

/** Slack shows no images in markdown, and a link that nobody clicks tells nobody anything. */
function withoutImages(line: string): string {
  return line
    .split('](')
    .map((part, at, parts) => {
      if (at === parts.length - 1) return part;
      const from = part.lastIndexOf(']') + 1;
      return part.slice(0, from) + part.slice(from).replaceAll('![', '[');
    })
    .join('](');
}

/** Changes a line but for its code spans. */
function outsideCode(line: string, change: (text: string) => string): string {
  return line
    .split(/(`+[^`]*`+)/)
    .map((part, at) => (at % 2 === 0 ? change(part) : part))
    .join('');
}
