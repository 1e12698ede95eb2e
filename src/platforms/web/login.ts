import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { readText } from './body.ts';
import { cookieOptions } from './session.ts';
import { Tries } from './tries.ts';

const cookieName = 'parley_login';
const loginMs = 30 * 24 * 3_600_000;
const maxFormBytes = 4_096;

export interface LoginOptions {
  readonly password: string;
  /** Makes the page that asks for the password, with a sentence about the last try. */
  readonly form: (sentence: string) => Promise<string>;
  readonly now: () => number;
}

export interface Login {
  /** Lets only those pass who have logged in. */
  readonly gate: MiddlewareHandler;
  /** `/login` and `/logout`. */
  readonly routes: Hono;
}

/**
 * One password for the page. The cookie is derived from it, so that a restart logs nobody out
 * and a new password logs out everybody.
 */
export function login({ password, form, now }: LoginOptions): Login {
  const tokens = new LoginTokens(password, now);
  const tries = new Tries(now);
  const routes = new Hono();

  routes.get('/login', (c) => c.redirect('/', 303));

  routes.post('/login', async (c) => {
    const address = getConnInfo(c).remote.address ?? 'unknown';
    const sent = await readText(c, maxFormBytes, 'No password is that long.');
    // Nothing is awaited from here to the count: tries made at once are counted one by one.
    const waitMs = tries.waitMs(address);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      c.header('Retry-After', String(seconds));
      return c.html(await form(`Too many wrong tries. Try again in ${seconds} seconds.`), 429);
    }
    if (!tokens.isPassword(new URLSearchParams(sent).get('password') ?? '')) {
      tries.wrong(address);
      return c.html(await form('That is not the password.'), 401);
    }
    setCookie(c, cookieName, tokens.issue(), cookieOptions(c, loginMs));
    return c.redirect('/', 303);
  });

  routes.post('/logout', (c) => {
    deleteCookie(c, cookieName, cookieOptions(c, 0));
    return c.redirect('/', 303);
  });

  const gate: MiddlewareHandler = async (c, next) => {
    if (tokens.isValid(getCookie(c, cookieName) ?? '')) return next();
    return c.req.path.startsWith('/api/')
      ? c.json({ error: 'Log in first: load this page anew.' }, 401)
      : askForPassword(c);
  };

  async function askForPassword(c: Context): Promise<Response> {
    return c.html(await form(''), 401);
  }

  return { gate, routes };
}

class LoginTokens {
  readonly #key: Buffer;
  readonly #password: Buffer;
  readonly #compareKey = randomBytes(32);
  readonly #now: () => number;

  constructor(password: string, now: () => number) {
    this.#now = now;
    // Slow to derive, so that a stolen cookie does not give the password away.
    this.#key = scryptSync(password, 'parley web login', 32);
    this.#password = this.#digest(password);
  }

  /** Takes the same time for every guess, of whatever length. */
  isPassword(tried: string): boolean {
    return timingSafeEqual(this.#digest(tried), this.#password);
  }

  issue(): string {
    const until = String(this.#now() + loginMs);
    return `${until}.${this.#sign(until)}`;
  }

  isValid(token: string): boolean {
    const [until = '', signature = ''] = token.split('.');
    const right = Buffer.from(this.#sign(until));
    const given = Buffer.from(signature);
    return (
      given.length === right.length && timingSafeEqual(given, right) && Number(until) > this.#now()
    );
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#compareKey).update(text).digest();
  }

  #sign(until: string): string {
    return createHmac('sha256', this.#key).update(until).digest('base64url');
  }
}
