import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

export interface GuardOptions {
  /** Whether a password is asked for. */
  readonly locked: boolean;
  /** The address that the server is bound to. */
  readonly host: string;
}

const self = ["'self'"];
const none = ["'none'"];

/** Nothing from elsewhere, nothing inline, and nobody may put the page into a frame. */
export const headers: MiddlewareHandler = secureHeaders({
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
 * Refuses what a foreign web page makes a browser send here.
 *
 * A name that is made to point at this machine (DNS rebinding) shows in Host: without a password
 * only the machine's own names are served. With a password any name may be in use (a proxy, a
 * name in the local network), and a rebound name has no login cookie.
 */
export function guard({ locked, host: bound }: GuardOptions): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('Host') ?? '';
    if (!locked && !isLoopbackName(host, bound)) {
      return c.json(
        {
          error:
            'Parley answers only to localhost here. To use another name, set WEB_PASSWORD and restart it.',
        },
        403,
      );
    }
    if (
      c.req.method !== 'GET' &&
      c.req.method !== 'HEAD' &&
      !isSameOrigin(c.req.raw.headers, locked)
    ) {
      return c.json({ error: 'This was sent by another web site and is refused.' }, 403);
    }
    return next();
  };
}

/** Whether an address can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether a Host header, with any port, names this machine for itself. */
function isLoopbackName(header: string, bound: string): boolean {
  if (/^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(header)) return true;
  return isLoopbackHost(bound) && header.replace(/:\d{1,5}$/, '') === bound;
}

/** Browsers say where a request comes from; what says nothing is no browser. */
function isSameOrigin(headers: Headers, locked: boolean): boolean {
  const site = headers.get('Sec-Fetch-Site');
  if (site !== null && site !== 'same-origin') return false;
  // No page can forge it, and a proxy may change Host; a rebound name has no login cookie.
  if (site === 'same-origin' && locked) return true;
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
