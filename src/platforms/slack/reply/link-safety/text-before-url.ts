import { addressIn } from './find-url.ts';

/** What stands there while nothing else can. */
export const nothingYet = '…';

/**
 * The part of a page that its post may show. Slack fetches addresses when a message is posted,
 * not when it is edited: a link that the model was talked into would tell its secrets to
 * whoever reads that server's log, before anybody clicked it. Slack promises not to where unfurling
 * is turned off, as it is in every post; that is relied on alone only for a `whole` page, for which
 * there is no edit.
 */
export function postable(text: string, { whole }: { whole: boolean } = { whole: false }): string {
  if (whole) return text.trim() === '' ? nothingYet : text;
  const address = addressIn(text);
  const shown = address === undefined ? text : text.slice(0, address.at).trimEnd();
  return shown.trim() === '' ? nothingYet : shown;
}
