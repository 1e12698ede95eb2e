import { createHmac, hash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { conversationId, type ConversationId } from '../../../core/domain/conversation.ts';
import type { CookieOptions } from 'hono/utils/cookie';

/** Life of a session cookie, in ms: browsers keep none longer than 400 days. */
const sessionMs = 400 * 24 * 3_600_000;
/** Time after the upgrade during which unsigned cookies are exchanged, in ms. */
const exchangeMs = 30 * 24 * 3_600_000;
/** Name of the unsigned cookies of earlier versions. */
const unsignedName = 'parley_session';
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** Key of the session in Hono's context. */
const contextKey = 'session';

export interface SessionsOptions {
  /** Key that signs cookies; the same for all instances. */
  readonly key: string;
  /** Time at which this store first signed sessions, in ms since the epoch. */
  readonly signedSince: number;
  /** Whether the store has conversations of a session. */
  readonly isKnown: (session: string) => Promise<boolean>;
  /** Called before a new session is created; throws at the rate limit. */
  readonly admit: (c: Context) => void;
  readonly now: () => number;
}

/** Sessions of browsers: each has a signed secret in a cookie. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #cookie = new PageCookie('parley_session');

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Middleware that reads the session, for `sessionOf`. */
  readonly read: MiddlewareHandler = async (c, next) => {
    const secret = this.#secretOf(c);
    if (secret !== undefined) c.set(contextKey, hashOf(secret));
    return next();
  };

  /**
   * Gives the browser a session if it has none; true if it is new.
   *
   * Trap: only for requests of the page's own script. A link from another site comes without the
   * SameSite=Strict cookie, and a new session would replace the browser's old one for good.
   */
  async ensure(c: Context): Promise<boolean> {
    let secret = this.#secretOf(c) ?? (await this.#exchangeUnsigned(c));
    const isNew = secret === undefined;
    if (isNew) this.#options.admit(c);
    secret ??= randomUUID();
    this.#cookie.set(c, `${secret}.${this.#sign(secret)}`, sessionMs);
    return isNew;
  }

  #secretOf(c: Context): string | undefined {
    const [secret = '', signature = ''] = (this.#cookie.get(c) ?? '').split('.');
    if (!isUuid(secret)) return undefined;
    const given = Buffer.from(signature);
    const right = Buffer.from(this.#sign(secret));
    return given.length === right.length && timingSafeEqual(given, right) ? secret : undefined;
  }

  /**
   * The secret of an unsigned cookie. It counts only if the store has conversations of it, as a
   * planted one has none. The cookie stays for instances of an earlier version.
   */
  async #exchangeUnsigned(c: Context): Promise<string | undefined> {
    const { signedSince, isKnown, now } = this.#options;
    const secret = getCookie(c, unsignedName);
    if (secret === undefined) return undefined;
    if (now() >= signedSince + exchangeMs) {
      deleteCookie(c, unsignedName, { path: '/' });
      return undefined;
    }
    return isUuid(secret) && (await isKnown(hashOf(secret))) ? secret : undefined;
  }

  #sign(secret: string): string {
    return createHmac('sha256', this.#options.key).update(secret).digest('base64url');
  }
}

/**
 * The browser's session, a hash of the secret in its cookie; undefined without one. Logs and the
 * store have this hash, which does not lead back to the secret.
 */
export function sessionOf(c: Context): string | undefined {
  return c.get(contextKey) as string | undefined;
}

/** The browser's session. Throws an `HTTPException` without one. */
export function requireSession(c: Context): string {
  const session = sessionOf(c);
  if (session === undefined) {
    throw new HTTPException(401, { message: 'This browser has no session: load the page anew.' });
  }
  return session;
}

/** The conversation in a request's path. Throws an `HTTPException` if it names none. */
export function conversationOf(c: Context): ConversationId {
  const session = requireSession(c);
  const conversation = c.req.param('conversation') ?? '';
  if (!isUuid(conversation)) {
    throw new HTTPException(400, { message: 'A conversation is named by a UUID.' });
  }
  return webConversation(session, conversation);
}

/**
 * A conversation's id from two halves: one from the page, one from the cookie that no script can
 * read. Neither is of use alone.
 */
function webConversation(session: string, conversation: string): ConversationId {
  return conversationId('web', session, conversation);
}

function isUuid(text: string): boolean {
  return uuid.test(text);
}

function hashOf(secret: string): string {
  return hash('sha256', secret).slice(0, 32);
}

/**
 * A cookie of the page. Its name contains host and port, as browsers send a cookie to every port of
 * a host; over https the prefix `__Host-` keeps other hosts from setting it.
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

  /** @param lifeMs time for which the browser keeps it, in ms */
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
 * Whether the browser speaks https: proxies append to the header, so the first value counts. A
 * forged header changes only the forger's own cookies.
 */
function isHttps(c: Context): boolean {
  const [first = ''] = (c.req.header('X-Forwarded-Proto') ?? '').split(',', 1);
  return first.trim().toLowerCase() === 'https';
}

/** New sessions of all browsers: 60 at once, then one per second. */
const all = { burst: 60, refillMs: 1_000 };
/** New sessions of one address, such as an office: 20 at once, then one per 6 s. */
const each = { burst: 20, refillMs: 6_000 };

/**
 * Rate limit of new sessions. Quotas per session hold for people only if nobody can open any number
 * of sessions.
 */
export class SessionThrottle {
  readonly #all: TokenBuckets;
  readonly #each: TokenBuckets;
  readonly #addressOf: (c: Context) => string | undefined;

  constructor(addressOf: (c: Context) => string | undefined, now: () => number) {
    this.#addressOf = addressOf;
    this.#all = new TokenBuckets({ ...all, now });
    this.#each = new TokenBuckets({ ...each, now });
  }

  /** Counts a new session. Throws an `HTTPException` (429) at the limit. */
  readonly admit = (c: Context): void => {
    const address = this.#addressOf(c);
    const ownMs = address === undefined ? 0 : this.#each.waitMs(address);
    const waitMs = Math.max(ownMs, this.#all.waitMs(''));
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      c.header('Retry-After', String(seconds));
      const message = `Many browsers are new here right now. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
      throw new HTTPException(429, { message });
    }
    this.#all.take('');
    if (address !== undefined) this.#each.take(address);
  };
}

/** Most keys with a count; the oldest are dropped. */
const maxKeys = 10_000;

export interface BucketOptions {
  /** Events at once. */
  readonly burst: number;
  /** Time per further event, in ms. */
  readonly refillMs: number;
  readonly now: () => number;
}

/** Token buckets by key, such as an address. */
export class TokenBuckets {
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** Time until the next event is allowed, in ms; 0 for now. */
  waitMs(key: string): number {
    const { burst, refillMs } = this.#options;
    return Math.max(0, Math.ceil((this.#count(key) - burst + 1) * refillMs));
  }

  take(key: string): void {
    this.#set(key, this.#count(key) + 1);
  }

  /** Takes a counted event back. */
  refund(key: string): void {
    this.#set(key, Math.max(0, this.#count(key) - 1));
  }

  #set(key: string, count: number): void {
    this.#spent.delete(key);
    if (count === 0) return;
    this.#spent.set(key, { count, at: this.#options.now() });
    if (this.#spent.size <= maxKeys) return;
    for (const oldest of this.#spent.keys()) {
      this.#spent.delete(oldest);
      return;
    }
  }

  #count(key: string): number {
    const spent = this.#spent.get(key);
    if (spent === undefined) return 0;
    const { refillMs, now } = this.#options;
    return Math.max(0, spent.count - (now() - spent.at) / refillMs);
  }
}
