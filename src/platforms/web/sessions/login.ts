import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Secrets } from '../../../core/ports/store.ts';
import { readText } from '../http/request-guard.ts';
import { PageCookie, TokenBuckets } from './session.ts';
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

/** Attempts of all clients: 10 at once, then two per second. */
const all = { burst: 10, refillMs: 500 };
/** Attempts of one key: 5 at once, then one every two seconds. */
const each = { burst: 5, refillMs: 2_000 };
/** Most waiting attempts, in all and per key: at these rates the last one waits for 30 s. */
const maxWaiting = 60;
const maxWaitingPerKey = 15;

/** Outcome of waiting: the attempt may go on, too many wait, or its client has gone. */
export type ThrottleResult = 'admitted' | 'too-many' | 'aborted';

interface Waiting {
  readonly done: (result: ThrottleResult) => void;
}

/**
 * Queue of password attempts: guessing is slow, while a right password is delayed at most. Each
 * session and each address has a queue of its own; attempts without either share one. Queues take
 * turns, so that a flood in one does not delay the others. Right passwords do not count.
 */
export class LoginThrottle {
  /** By key, in the order of their next turns. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #all = new TokenBuckets({ ...all, now: () => performance.now() });
  readonly #each = new TokenBuckets({ ...each, now: () => performance.now() });
  #timer: NodeJS.Timeout | undefined;

  /** @param clientKey undefined without session and address: only the limits of all clients apply */
  wait(clientKey: string | undefined, signal: AbortSignal): Promise<ThrottleResult> {
    const { promise, resolve } = Promise.withResolvers<ThrottleResult>();
    const key = clientKey ?? '';
    if (signal.aborted) return Promise.resolve('aborted');
    if (!this.#hasRoom(key)) return Promise.resolve('too-many');
    const abort = (): void => this.#remove(key, waiting, 'aborted');
    const waiting: Waiting = {
      done: (result) => {
        signal.removeEventListener('abort', abort);
        resolve(result);
      },
    };
    signal.addEventListener('abort', abort);
    this.#queues.set(key, [...(this.#queues.get(key) ?? []), waiting]);
    this.#admitNext();
    return promise;
  }

  /** An admitted attempt was right, and does not count. */
  succeeded(key: string | undefined): void {
    this.#all.refund('');
    if (key !== undefined) this.#each.refund(key);
    this.#admitNext();
  }

  /** Makes room in the longest queue; false if that is the newcomer's own. */
  #hasRoom(key: string): boolean {
    const own = this.#queues.get(key)?.length ?? 0;
    if (own >= (key === '' ? maxWaiting : maxWaitingPerKey)) return false;
    const queues = [...this.#queues];
    if (queues.reduce((sum, [, { length }]) => sum + length, 0) < maxWaiting) return true;
    const [longest] = queues.toSorted(([, a], [, b]) => b.length - a.length);
    const newest = longest?.[1].at(-1);
    if (longest === undefined || newest === undefined || longest[1].length <= own + 1) return false;
    this.#remove(longest[0], newest, 'too-many');
    return true;
  }

  #admitNext(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [next, waitMs] = this.#next();
      if (next === undefined) return;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#admitNext(), waitMs).unref();
        return;
      }
      const [first, ...others] = this.#queues.get(next) ?? [];
      // Its queue comes last for the next turn.
      this.#queues.delete(next);
      if (others.length > 0) this.#queues.set(next, others);
      this.#all.take('');
      if (next !== '') this.#each.take(next);
      first?.done('admitted');
    }
  }

  /** The key whose turn comes first, and the wait until then, in ms. */
  #next(): [string | undefined, number] {
    let soonest: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    const allMs = this.#all.waitMs('');
    for (const key of this.#queues.keys()) {
      const waitMs = Math.max(allMs, key === '' ? 0 : this.#each.waitMs(key));
      if (waitMs < soonest[1]) soonest = [key, waitMs];
    }
    return soonest;
  }

  #remove(key: string, waiting: Waiting, result: ThrottleResult): void {
    const others = (this.#queues.get(key) ?? []).filter((one) => one !== waiting);
    if (others.length > 0) this.#queues.set(key, others);
    else this.#queues.delete(key);
    waiting.done(result);
  }
}
