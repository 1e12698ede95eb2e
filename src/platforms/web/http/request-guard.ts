import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { isIPv6 } from 'node:net';

export interface GuardOptions {
  readonly hosts: AllowedHosts;
  /** Called for each request under a name that is not listed. */
  readonly refused: () => void;
}

const self = ["'self'"];
const none = ["'none'"];

/** Nothing from elsewhere, nothing inline, and nobody may put the page into a frame. */
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
  // Other sites learn nothing; with no-referrer a form's Origin would be "null", as a foreign one's.
  referrerPolicy: 'same-origin',
  crossOriginOpenerPolicy: 'same-origin',
  crossOriginResourcePolicy: 'same-origin',
  // Whoever puts TLS in front decides about this; on localhost it would break other programs.
  strictTransportSecurity: false,
});

/**
 * Refuses what a foreign web page makes a browser send here: under a name that nobody listed,
 * whatever the password, as a browser that is logged in would be believed under any; and whatever
 * changes something and comes from another site.
 */
export function requestGuard({ hosts, refused }: GuardOptions): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('Host') ?? '';
    if (!hosts.has(host)) {
      refused();
      return c.json({ error: unlisted(host) }, 403);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isSameOrigin(c.req.raw.headers)) {
      return c.json({ error: 'This was sent by another web site and is refused.' }, 403);
    }
    return next();
  };
}

function unlisted(host: string): string {
  const name = nameIn(host);
  const asked = name === undefined ? 'this name' : `the name ${name}`;
  return `Parley does not answer to ${asked}. If it is Parley's own, or that of a proxy in front of it, whoever runs Parley adds it to WEB_HOSTS, such as WEB_HOSTS=${name ?? 'parley.example.com'}, and restarts it.`;
}

/** Browsers say where a request comes from; what says nothing is no browser. */
function isSameOrigin(headers: Headers): boolean {
  // No page can forge it, and a proxy may change Host.
  const site = headers.get('Sec-Fetch-Site');
  if (site !== null) return site === 'same-origin';
  const origin = headers.get('Origin');
  if (origin === null) return true;
  // Without its scheme, since a proxy may end TLS; "null" has no host and never matches.
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
  /** As URL writes it: lower case, IPv6 addresses in brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

const ownNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The names under which the page is served. A name that is made to point at this machine (DNS
 * rebinding) shows in Host, and so does every other name that nobody listed.
 */
export class AllowedHosts {
  readonly #listed: readonly Host[];

  /**
   * @param bound the address that the server is bound to
   * @param listed names and addresses; one with a port is meant with that port alone
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
    return this.#listed.some(({ name, port }) => name === asked.name && fits(port, asked.port));
  }
}

/** Whether an address can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name in a Host header, for a sentence about it; undefined if it is none. */
function nameIn(header: string): string | undefined {
  return parse(header)?.name;
}

/** Browsers leave the usual ports out. */
function fits(listed: string | undefined, asked: string | undefined): boolean {
  if (listed === undefined || listed === asked) return true;
  return asked === undefined && (listed === '80' || listed === '443');
}

function parse(text: string): Host | undefined {
  const [, host = '', port] =
    /^(\[[\da-f:.]{2,45}\]|[^:/?#@[\]\\]{1,253})(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === '' || !URL.canParse(`http://${host}`)) return undefined;
  return { name: new URL(`http://${host}`).hostname, port };
}
