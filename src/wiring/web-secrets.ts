import { randomBytes, randomInt } from 'node:crypto';
import type { Secrets } from '../core/ports/secrets.ts';
import { webPasswordName } from '../core/instances/operator.ts';

/** Letters and digits that are told apart on paper, too. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 5;
const groupChars = 5;

/** What the page needs of the store's secrets, one of each for all instances. */
export interface WebSecrets {
  readonly sessionKey: string;
  /** When this version was started first on this store, in milliseconds since the epoch. */
  readonly signedSince: number;
}

/** Makes them at the first start. Throws `StoreUnavailable`. */
export async function webSecrets(secrets: Secrets): Promise<WebSecrets> {
  const [sessionKey, signedSince] = await Promise.all([
    secrets.keep('web-session-key', randomBytes(32).toString('base64url')),
    secrets.keep('web-signed-since', String(Date.now())),
  ]);
  return { sessionKey, signedSince: Number(signedSince) || 0 };
}

/** The password that Parley makes for itself, once: 123 bits. Throws `StoreUnavailable`. */
export function madePassword(secrets: Secrets): Promise<string> {
  const made = Array.from({ length: groups }, () =>
    Array.from({ length: groupChars }, () => alphabet[randomInt(alphabet.length)]).join(''),
  );
  return secrets.keep(webPasswordName, made.join('-'));
}
