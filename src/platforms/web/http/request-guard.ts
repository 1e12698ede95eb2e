import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { isIPv6 } from 'node:net';
import { HTTPException } from 'hono/http-exception';
import { parseForeignJson } from '../../../core/foreign-data.ts';

export interface GuardOptions {
  readonly hosts: AllowedHosts;
  /** Called for each request under an unlisted name. */
  readonly onRefused: () => void;
}

const self = ["'self'"];
const none = ["'none'"];

/** Headers that forbid foreign and inline resources, and frames around the page. */
export const securityHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: none,
    scriptSrc: self,
    styleSrc: self,
    connectSrc: self,
    fontSrc: self,
    imgSrc: ["'self'", 'data:'],
    formAction: self,
    frameAncestors: none,
    baseUri: none,
  },
  xFrameOptions: 'DENY',
  // With no-referrer a form's own Origin would be "null", like a foreign one.
  referrerPolicy: 'same-origin',
  crossOriginOpenerPolicy: 'same-origin',
  crossOriginResourcePolicy: 'same-origin',
  // HSTS is the TLS proxy's decision; on localhost it would break other programs.
  strictTransportSecurity: false,
});

/**
 * Refuses requests that a foreign web page makes a browser send: any request under an unlisted name
 * (DNS rebinding), and writing requests from another site (CSRF).
 */
export function requestGuard({ hosts, onRefused }: GuardOptions): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('Host') ?? '';
    if (!hosts.has(host)) {
      onRefused();
      return c.json({ error: unlistedSentence(host) }, 403);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isSameOrigin(c.req.raw.headers)) {
      return c.json({ error: 'This was sent by another web site and is refused.' }, 403);
    }
    return next();
  };
}

function unlistedSentence(host: string): string {
  const name = nameIn(host);
  const asked = name === undefined ? 'this name' : `the name ${name}`;
  return `Parley does not answer to ${asked}. If it is Parley's own, or that of a proxy in front of it, whoever runs Parley adds it to WEB_HOSTS, such as WEB_HOSTS=${name ?? 'parley.example.com'}, and restarts it.`;
}

/** Whether a request comes from the page itself; without either header it is no browser's. */
function isSameOrigin(headers: Headers): boolean {
  // Pages cannot forge Sec-Fetch-Site, and it survives a proxy that changes Host.
  const site = headers.get('Sec-Fetch-Site');
  if (site !== null) return site === 'same-origin';
  const origin = headers.get('Origin');
  if (origin === null) return true;
  // Compared without the scheme, as a proxy may end TLS; "null" has no host.
  return URL.canParse(origin) && new URL(origin).host === hostOf(headers);
}

/** The Host header as URL writes it: lower case, without a default port. */
function hostOf(headers: Headers): string {
  const host = headers.get('Host') ?? '';
  for (const scheme of ['https', 'http']) {
    const url = `${scheme}://${host}`;
    if (URL.canParse(url) && new URL(url).host !== host.toLowerCase()) return new URL(url).host;
  }
  return host.toLowerCase();
}

interface Host {
  /** In URL's form: lower case, IPv6 addresses in brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

const ownNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The names under which the page is served. An attacker's name that points to this machine (DNS
 * rebinding) is in the Host header, and not in this list.
 */
export class AllowedHosts {
  readonly #listed: readonly Host[];

  /**
   * @param bound the address that the server is bound to
   * @param listed names and addresses; one with a port matches that port only
   */
  constructor(bound: string, listed: readonly string[]) {
    const isAny = bound === '0.0.0.0' || bound === '::';
    this.#listed = [...ownNames, ...(isAny ? [] : [bound]), ...listed].flatMap((one) => {
      const host = parse(isIPv6(one) ? `[${one}]` : one);
      return host === undefined ? [] : [host];
    });
  }

  /** @param header what a request has as Host */
  has(header: string): boolean {
    const asked = parse(header);
    if (asked === undefined) return false;
    return this.#listed.some(
      ({ name, port }) => name === asked.name && portMatches(port, asked.port),
    );
  }
}

/** Whether only this machine can reach an address. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name in a Host header; undefined if it is malformed. */
function nameIn(header: string): string | undefined {
  return parse(header)?.name;
}

/** Whether a port matches: browsers leave 80 and 443 out. */
function portMatches(listed: string | undefined, asked: string | undefined): boolean {
  if (listed === undefined || listed === asked) return true;
  return asked === undefined && (listed === '80' || listed === '443');
}

function parse(text: string): Host | undefined {
  const [, host = '', port] =
    /^(\[[\da-f:.]{2,45}\]|[^:/?#@[\]\\]{1,253})(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === '' || !URL.canParse(`http://${host}`)) return undefined;
  return { name: new URL(`http://${host}`).hostname, port };
}

/** Reads a body of at most `maxBytes`; a longer one is refused with 413 and `sentence`. */
export async function readText(c: Context, maxBytes: number, sentence: string): Promise<string> {
  const tooMuch = () => new HTTPException(413, { message: sentence });
  if (Number(c.req.header('Content-Length') ?? 0) > maxBytes) throw tooMuch();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooMuch();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads a JSON body, with the same limit. */
export async function readJson(c: Context, maxBytes: number, sentence: string): Promise<unknown> {
  const text = await readText(c, maxBytes, sentence);
  try {
    return parseForeignJson(text);
  } catch (cause) {
    throw new HTTPException(400, { message: 'That is not JSON.', cause });
  }
}
