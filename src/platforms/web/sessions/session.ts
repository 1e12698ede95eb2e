import { createHmac, hash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { conversationId, type ConversationId } from '../../../core/domain/conversation.ts';
import type { CookieOptions } from 'hono/utils/cookie';

/** Browsers keep no cookie longer than 400 days. */
const sessionMs = 400 * 24 * 3_600_000;
/** So long after the upgrade a cookie of before is exchanged, as it is what people have. */
const exchangeMs = 30 * 24 * 3_600_000;
/** The name of the cookies of before, which were a secret without a signature. */
const oldName = 'parley_session';
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** Where a request's session is kept for those who answer it. */
const ofRequest = 'session';

export interface SessionsOptions {
  /** Signs cookies, so that none counts that was made elsewhere; the same for all instances. */
  readonly key: string;
  /** When this version was started first on this store, in milliseconds since the epoch. */
  readonly signedSince: number;
  /** Whether anything is kept of what a session wrote. */
  readonly isKnown: (session: string) => Promise<boolean>;
  /** Called before a new session is made; throws if there are too many. */
  readonly admit: (c: Context) => void;
  readonly now: () => number;
}

/** Who browsers are, by a signed secret in a cookie of each. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #cookie = new PageCookie('parley_session');

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Looks whose browser it is, for `sessionOf`. */
  readonly read: MiddlewareHandler = async (c, next) => {
    const secret = this.#secretOf(c);
    if (secret !== undefined) c.set(ofRequest, nameOf(secret));
    return next();
  };

  /**
   * Gives the browser a session if it has none; true if it is new.
   *
   * Only ever asked for by the page's own script: a browser that follows a link from another site
   * sends no SameSite=Strict cookie with it, and a new one then would replace the old for good.
   */
  async ensure(c: Context): Promise<boolean> {
    let secret = this.#secretOf(c) ?? (await this.#exchanged(c));
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
   * The secret in a cookie of before, which stays until its time is over: instances of the version
   * before may still read it. Anybody could plant one, but none with something behind it that the
   * browser did not write.
   */
  async #exchanged(c: Context): Promise<string | undefined> {
    const { signedSince, isKnown, now } = this.#options;
    const secret = getCookie(c, oldName);
    if (secret === undefined) return undefined;
    if (now() >= signedSince + exchangeMs) {
      deleteCookie(c, oldName, { path: '/' });
      return undefined;
    }
    return isUuid(secret) && (await isKnown(nameOf(secret))) ? secret : undefined;
  }

  #sign(secret: string): string {
    return createHmac('sha256', this.#options.key).update(secret).digest('base64url');
  }
}

/**
 * Who the browser is, made from the secret in its cookie; undefined if it has none yet. This name
 * stands in logs and in the store, and from neither can anybody get back to the secret.
 */
export function sessionOf(c: Context): string | undefined {
  return c.get(ofRequest) as string | undefined;
}

/** The same. Throws what tells people to load the page anew if there is none. */
export function requireSession(c: Context): string {
  const session = sessionOf(c);
  if (session === undefined) {
    throw new HTTPException(401, { message: 'This browser has no session: load the page anew.' });
  }
  return session;
}

/** The conversation that a path names, of this browser's own. Throws what tells that it does not. */
export function conversationOf(c: Context): ConversationId {
  const session = requireSession(c);
  const conversation = c.req.param('conversation') ?? '';
  if (!isUuid(conversation)) {
    throw new HTTPException(400, { message: 'A conversation is named by a UUID.' });
  }
  return webConversation(session, conversation);
}

/**
 * A conversation's id from both its halves. The page knows one; the other comes from the cookie
 * that no script can read: neither is of use alone.
 */
function webConversation(session: string, conversation: string): ConversationId {
  return conversationId('web', session, conversation);
}

function isUuid(text: string): boolean {
  return uuid.test(text);
}

function nameOf(secret: string): string {
  return hash('sha256', secret).slice(0, 32);
}

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
