const mention =
  /<(?:!(?:channel|here|everyone|group)|!subteam\^[a-z0-9]+|@[uwb][a-z0-9]+)(?:\|[^>]*)?>/gi;
const link = /(?:https?:\/\/|www\.|(?<![\w.-])(?:[\w-]+\.)+com(?!\.?[\w-]))[^\s<>|"]*/gi;

/**
 * The mentions in a text that people would be notified of, in code, too: it is not known for
 * every client that code is left alone.
 */
export function mentionsIn(text: string): string[] {
  return text.match(mention) ?? [];
}

/** The addresses in a text that Slack would fetch for a preview. */
export function linksIn(text: string): string[] {
  return text.match(link) ?? [];
}
