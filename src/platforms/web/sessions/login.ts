import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Secrets } from '../../../core/ports/store.ts';
import { readText } from '../http/read-body.ts';
import { PageCookie } from './session.ts';
import { LoginThrottle } from './login-throttle.ts';
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

const maxFormBytes = 4_096;
/** Longest wait for a login attempt, in seconds. */
const longestWaitSeconds = 30;

/** Key of the login in Hono's context. */
const contextKey = 'login';

export interface LoginOptions {
  readonly password: string;
  /** Store of the logins that have ended. */
  readonly secrets: Secrets;
  /** Renders the login page, with a sentence about the last attempt. */
  readonly form: (sentence: string) => Promise<string>;
  /** Key for the throttle of attempts: session or address. */
  readonly throttleKeyOf: (c: Context) => string | undefined;
  /** Called at a logout, to close the login's open pages. */
  readonly onLogout: (login: string) => void;
  readonly now: () => number;
}

export interface Login {
  /** Middleware that lets only logged-in browsers pass. */
  readonly requireLogin: MiddlewareHandler;
  /** `/login` and `/logout`. */
  readonly routes: Hono;
  /** Whether a login was ended by a logout, at any instance. */
  readonly hasEnded: (login: string) => Promise<boolean>;
}

/** Login with the page's one password. */
export function createLogin(options: LoginOptions): Login {
  const { password, secrets, form, throttleKeyOf, onLogout, now } = options;
  const tokens = new LoginTokens(password, now);
  const cookie = new PageCookie('parley_login');
  const throttle = new LoginThrottle();
  const routes = new Hono();

  routes.get('/login', (c) => c.redirect('/', 303));

  routes.post('/login', async (c) => {
    const sent = await readText(c, maxFormBytes, 'No password is that long.');
    const key = throttleKeyOf(c);
    const result = await throttle.wait(key, c.req.raw.signal);
    // The client is gone: nobody reads the response.
    if (result === 'aborted') return c.body(null, 400);
    if (result === 'too-many') {
      c.header('Retry-After', String(longestWaitSeconds));
      const sentence = `Too many passwords are being tried. Try again in ${longestWaitSeconds} seconds.`;
      return c.html(await form(sentence), 429);
    }
    if (!tokens.isPassword(new URLSearchParams(sent).get('password') ?? '')) {
      return c.html(await form('That is not the password.'), 401);
    }
    throttle.succeeded(key);
    cookie.set(c, tokens.issue(), loginMs);
    return c.redirect('/', 303);
  });

  routes.post('/logout', async (c) => {
    const loggedIn = readLogin(c);
    cookie.delete(c);
    if (loggedIn !== undefined) {
      onLogout(loggedIn.id);
      await secrets.keep(endedKey(loggedIn.id), 'ended', loggedIn.until - now());
    }
    return c.redirect('/', 303);
  });

  const gate: MiddlewareHandler = async (c, next) => {
    const loggedIn = readLogin(c);
    if (loggedIn !== undefined && !(await hasEnded(loggedIn.id))) {
      c.set(contextKey, loggedIn.id);
      return next();
    }
    return c.req.path.startsWith('/api/')
      ? c.json({ error: 'Log in first: load this page anew.' }, 401)
      : c.html(await form(''), 401);
  };

  function readLogin(c: Context): VerifiedLogin | undefined {
    return tokens.verify(cookie.get(c) ?? '');
  }

  async function hasEnded(id: string): Promise<boolean> {
    return (await secrets.find(endedKey(id))) !== undefined;
  }

  return { requireLogin: gate, routes, hasEnded };
}

/** Id of a request's login; undefined where the page has no password. */
export function loginOf(c: Context): string | undefined {
  return c.get(contextKey) as string | undefined;
}

function endedKey(login: string): string {
  return `logout:${login}`;
}

/** Life of a login, in ms. */
const loginMs = 30 * 24 * 3_600_000;

/** A login whose signature was verified. */
interface VerifiedLogin {
  readonly id: string;
  /** In milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Signed tokens for logged-in browsers. The key is derived from the password: a restart logs nobody
 * out, and a new password logs out everybody.
 */
class LoginTokens {
  readonly #key: Buffer;
  readonly #password: Buffer;
  readonly #compareKey = randomBytes(32);
  readonly #now: () => number;

  constructor(password: string, now: () => number) {
    this.#now = now;
    // Slow to derive, so that a stolen token does not reveal the password.
    this.#key = scryptSync(password, 'parley web login', 32);
    this.#password = this.#digest(password);
  }

  /** Compares in constant time, whatever the length. */
  isPassword(tried: string): boolean {
    return timingSafeEqual(this.#digest(tried), this.#password);
  }

  issue(): string {
    const id = randomBytes(12).toString('base64url');
    const payload = `${id}.${this.#now() + loginMs}`;
    return `${payload}.${this.#sign(payload)}`;
  }

  /** The login of a token; undefined if it is forged or expired. */
  verify(token: string): VerifiedLogin | undefined {
    const [id = '', until = '', signature = ''] = token.split('.');
    const right = Buffer.from(this.#sign(`${id}.${until}`));
    const given = Buffer.from(signature);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    return Number(until) > this.#now() ? { id, until: Number(until) } : undefined;
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#compareKey).update(text).digest();
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#key).update(payload).digest('base64url');
  }
}
