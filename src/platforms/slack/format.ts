import type { PageFormat } from '../../core/ports/surface.ts';

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
const orders =
  /<(?=!(?:channel|here|everyone|group|subteam|date)\b|@[UWBS][A-Z0-9]|#[CGD][A-Z0-9])/gi;

/** How Slack shows an answer: its markdown is close to GFM, tables included. */
export const slackFormat: PageFormat = {
  limit: limitBytes,
  render: (markdown) => imagesAsLinks(markdown).replaceAll(orders, `<${wordJoiner}`),
  size: (rendered) => Buffer.byteLength(rendered),
};

function imagesAsLinks(markdown: string): string {
  if (!markdown.includes('![')) return markdown;
  let fence: string | undefined;
  return markdown
    .split('\n')
    .map((line) => {
      const marks = /^[\s>]*(`{3,}|~{3,})/.exec(line)?.[1];
      if (marks !== undefined && (fence === undefined || marks.startsWith(fence))) {
        fence = fence === undefined ? marks : undefined;
        return line;
      }
      return fence === undefined ? outsideCode(line, withoutImages) : line;
    })
    .join('\n');
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
