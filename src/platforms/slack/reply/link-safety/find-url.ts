import { decoded } from './entities.ts';
import { type Found, hostNameIn } from './find-host-name.ts';
import { linkTargetIn } from './find-link-target.ts';

/**
 * What tells of an address; the group is the word before it, of which nothing is left that may be
 * another one. Looked back from, as that may be long: looking on from each of its characters would
 * take a second for a page of letters.
 */
const signs = [
  /:\/\/(?<=(<?[\p{L}\p{M}\p{N}_@%+.\\-]*[a-z][a-z0-9+.-]*):\/\/)/iu,
  /(?:mailto:|www\.)(?<=(<?[\p{L}\p{M}\p{N}_@%+.\\-]*)(?:mailto:|www\.))/iu,
];

/**
 * The first address in a text, alone or as a link's target, in code, too. Slack fetches what it
 * makes a link of, and what that is nobody knows for certain: rather too much is an address than too
 * little. Takes time as the text is long.
 */
export function addressIn(text: string): Found | undefined {
  const plain = plainAddressIn(text);
  // Whether Slack reads `https&#58;//` as an address is not known.
  const read = decoded(text);
  const hidden = read && plainAddressIn(read.text);
  if (read === undefined || hidden === undefined) return plain;
  const at = read.at(hidden.at);
  return plain !== undefined && plain.at <= at ? plain : { ...hidden, at };
}

function plainAddressIn(text: string): Found | undefined {
  const host = hostNameIn(text);
  const starts = signs.flatMap((sign) => {
    const found = sign.exec(text);
    return found === null ? [] : [found.index - (found[1]?.length ?? 0)];
  });
  const target = linkTargetIn(text);
  if (target >= 0) starts.push(target);
  const at = Math.min(...starts);
  if (host !== undefined && host.at < at) return host;
  return starts.length === 0 ? undefined : { at, grows: false };
}
