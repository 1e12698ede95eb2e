import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';

/**
 * A cookie of the page's own. Its name carries the host and the port, as browsers send a cookie to
 * every port of a host; over https no other host can set it either (`__Host-`).
 */
export class PageCookie {
  readonly #name: string;

  /** @param name such as `parley_session` */
  constructor(name: string) {
    this.#name = name;
  }

  get(c: Context): string | undefined {
    return getCookie(c, this.#nameFor(c));
  }

  /** @param lifeMs how long the browser keeps it, in milliseconds */
  set(c: Context, value: string, lifeMs: number): void {
    setCookie(c, this.#nameFor(c), value, { ...optionsFor(c), maxAge: lifeMs / 1_000 });
  }

  delete(c: Context): void {
    deleteCookie(c, this.#nameFor(c), optionsFor(c));
  }

  #nameFor(c: Context): string {
    const host = (c.req.header('Host') ?? '').toLowerCase().replaceAll(/[^a-z\d.-]/g, '_');
    return `${isHttps(c) ? '__Host-' : ''}${this.#name}_${host}`;
  }
}

function optionsFor(c: Context): CookieOptions {
  return { httpOnly: true, sameSite: 'Strict', path: '/', secure: isHttps(c) };
}

/**
 * Whether the browser itself speaks https: each proxy on the way adds its own word behind, so the
 * first one counts. Whoever makes it up changes nothing but the cookies that they are sent.
 */
function isHttps(c: Context): boolean {
  const [first = ''] = (c.req.header('X-Forwarded-Proto') ?? '').split(',', 1);
  return first.trim().toLowerCase() === 'https';
}
