import { addressIn } from '../link-safety/find-url.ts';

/**
 * What may become an order to call somebody, or an address, with what comes next: that must be
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
export function streamable(text: string, final = false): { text: string; over: boolean } {
  const address = addressIn(text);
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
