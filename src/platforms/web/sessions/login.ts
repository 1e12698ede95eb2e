import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Secrets } from '../../../core/ports/store.ts';
import { readText } from '../http/read-body.ts';
import { PageCookie } from './session.ts';
import { LoginThrottle } from './login-throttle.ts';
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

const maxFormBytes = 4_096;
/** In the line for this long at most, in seconds. */
const longestWaitSeconds = 30;

/** Where a request's login is kept for those who answer it. */
const ofRequest = 'login';

export interface LoginOptions {
  readonly password: string;
  /** Where it is noted which logins have ended. */
  readonly secrets: Secrets;
  /** Makes the page that asks for the password, with a sentence about the last try. */
  readonly form: (sentence: string) => Promise<string>;
  /** Whose turn comes with whose, when passwords are tried; undefined for nobody in particular. */
  readonly throttleKeyOf: (c: Context) => string | undefined;
  /** A login ended: what is open by it is to be closed. */
  readonly onLogout: (login: string) => void;
  readonly now: () => number;
}

export interface Login {
  /** Lets only those pass who have logged in. */
  readonly requireLogin: MiddlewareHandler;
  /** `/login` and `/logout`. */
  readonly routes: Hono;
  /** Whether somebody logged out of it, here or at another instance. */
  readonly hasEnded: (login: string) => Promise<boolean>;
}

/** One password for the page. */
export function createLogin(options: LoginOptions): Login {
  const { password, secrets, form, throttleKeyOf, onLogout, now } = options;
  const tokens = new LoginTokens(password, now);
  const cookie = new PageCookie('parley_login');
  const line = new LoginThrottle();
  const routes = new Hono();

  routes.get('/login', (c) => c.redirect('/', 303));

  routes.post('/login', async (c) => {
    const sent = await readText(c, maxFormBytes, 'No password is that long.');
    const lane = throttleKeyOf(c);
    const turn = await line.wait(lane, c.req.raw.signal);
    // Nobody reads it.
    if (turn === 'left') return c.body(null, 400);
    if (turn === 'crowded') {
      c.header('Retry-After', String(longestWaitSeconds));
      const sentence = `Too many passwords are being tried. Try again in ${longestWaitSeconds} seconds.`;
      return c.html(await form(sentence), 429);
    }
    if (!tokens.isPassword(new URLSearchParams(sent).get('password') ?? '')) {
      return c.html(await form('That is not the password.'), 401);
    }
    line.succeeded(lane);
    cookie.set(c, tokens.issue(), loginMs);
    return c.redirect('/', 303);
  });

  routes.post('/logout', async (c) => {
    const loggedIn = readLogin(c);
    cookie.delete(c);
    if (loggedIn !== undefined) {
      onLogout(loggedIn.id);
      await secrets.keep(noteOf(loggedIn.id), 'ended', loggedIn.until - now());
    }
    return c.redirect('/', 303);
  });

  const gate: MiddlewareHandler = async (c, next) => {
    const loggedIn = readLogin(c);
    if (loggedIn !== undefined && !(await hasEnded(loggedIn.id))) {
      c.set(ofRequest, loggedIn.id);
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
    return (await secrets.find(noteOf(id))) !== undefined;
  }

  return { requireLogin: gate, routes, hasEnded };
}

/** By which login a request came in; undefined where no password is asked for. */
export function loginOf(c: Context): string | undefined {
  return c.get(ofRequest) as string | undefined;
}

function noteOf(login: string): string {
  return `logout:${login}`;
}

/** How long a browser stays logged in, in milliseconds. */
const loginMs = 30 * 24 * 3_600_000;

/** That somebody gave the password in a browser. */
interface VerifiedLogin {
  readonly id: string;
  /** In milliseconds since the epoch. */
  readonly until: number;
}

/**
 * What a browser shows instead of the password. It is signed with a key derived from the password,
 * so that a restart logs nobody out and a new password logs out everybody.
 */
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
    const id = randomBytes(12).toString('base64url');
    const said = `${id}.${this.#now() + loginMs}`;
    return `${said}.${this.#sign(said)}`;
  }

  /** Undefined if it is not ours, or its time is over. */
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

  #sign(said: string): string {
    return createHmac('sha256', this.#key).update(said).digest('base64url');
  }
}
