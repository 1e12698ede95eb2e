// Tested by test/unit/app.test.ts
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Secrets, Store } from '../core/ports/store.ts';
import { demoTagline } from '../models/demo/demo-model.ts';
import { isLoopbackHost } from '../platforms/web/http/request-guard.ts';
import { webPlatform, type WebPlatform } from '../platforms/web/web-platform.ts';
import { helpfulTagline, isDemo } from './model.ts';
import { randomBytes, randomInt } from 'node:crypto';
import { webPasswordName } from '../core/instances/operator.ts';

export interface WebDependencies {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly modelName: string;
  readonly log: Log;
}

/**
 * The web page. It always has a password if other machines can reach it.
 */
export async function configuredWeb(config: Config, parts: WebDependencies): Promise<WebPlatform> {
  const { store, secrets, addressOf, modelName, log } = parts;
  const password = generatesPassword(config)
    ? await generatedPassword(secrets)
    : config.WEB_PASSWORD;
  return webPlatform({
    store,
    secrets,
    ...(await webSecrets(secrets)),
    log,
    host: config.HOST,
    hosts: config.WEB_HOSTS,
    addressOf,
    ...(password === undefined ? {} : { password }),
    demo: isDemo(config),
    modelName,
    persona: personaOf(config),
  });
}

/** Whether the page's password is generated. */
export function generatesPassword({ WEB, HOST, WEB_PASSWORD }: Config): boolean {
  return WEB && WEB_PASSWORD === undefined && !isLoopbackHost(HOST);
}

/** The line about who answers; none with SYSTEM_PROMPT, which is for the model only. */
function personaOf(config: Config): string {
  if (isDemo(config)) return demoTagline;
  return config.SYSTEM_PROMPT === undefined ? helpfulTagline : '';
}

/** Letters and digits that differ clearly on paper. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 5;
const groupChars = 5;

/** The page's secrets in the store, shared by all instances. */
export interface WebSecrets {
  readonly sessionKey: string;
  /** Time at which this store first signed sessions, in ms since the epoch. */
  readonly signedSince: number;
}

/** Reads the page's secrets, generated at the first start. Throws `StoreUnavailable`. */
export async function webSecrets(secrets: Secrets): Promise<WebSecrets> {
  const [sessionKey, signedSince] = await Promise.all([
    secrets.keep('web-session-key', randomBytes(32).toString('base64url')),
    secrets.keep('web-signed-since', String(Date.now())),
  ]);
  return { sessionKey, signedSince: Number(signedSince) || 0 };
}

/** The generated password of the page: 123 bits, made once. Throws `StoreUnavailable`. */
function generatedPassword(secrets: Secrets): Promise<string> {
  const made = Array.from({ length: groups }, () =>
    Array.from({ length: groupChars }, () => alphabet[randomInt(alphabet.length)]).join(''),
  );
  return secrets.keep(webPasswordName, made.join('-'));
}
