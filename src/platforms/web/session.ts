import { hash, randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import type { CookieOptions } from 'hono/utils/cookie';
import { conversationId } from '../../core/conversation.ts';
import type { ConversationId } from '../../core/conversation.ts';

const cookieName = 'parley_session';
/** Browsers keep no cookie longer than 400 days. */
const sessionMs = 400 * 24 * 3_600_000;
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/**
 * Who the browser is, made from the secret in its cookie; undefined if it has none yet. This name
 * stands in logs and in the store, and from neither can anybody get back to the secret.
 */
export function sessionOf(c: Context): string | undefined {
  const secret = secretOf(c);
  return secret === undefined ? undefined : hash('sha256', secret).slice(0, 32);
}

/** The same. Throws what tells people to load the page anew if there is none. */
export function demandSession(c: Context): string {
  const session = sessionOf(c);
  if (session === undefined) {
    throw new HTTPException(401, { message: 'This browser has no session: load the page anew.' });
  }
  return session;
}

/** The conversation that a path names, of this browser's own. Throws what tells that it does not. */
export function conversationIn(c: Context): ConversationId {
  const session = demandSession(c);
  const conversation = c.req.param('conversation') ?? '';
  if (!isUuid(conversation)) {
    throw new HTTPException(400, { message: 'A conversation is named by a UUID.' });
  }
  return webConversation(session, conversation);
}

/**
 * Gives the browser a session if it has none; true if it is new.
 *
 * Only ever asked for by the page's own script: a browser that follows a link from another site
 * sends no SameSite=Strict cookie with it, and a new one then would replace the old for good.
 */
export function ensureSession(c: Context): boolean {
  const secret = secretOf(c);
  setCookie(c, cookieName, secret ?? randomUUID(), cookieOptions(c, sessionMs));
  return secret === undefined;
}

function secretOf(c: Context): string | undefined {
  const secret = getCookie(c, cookieName) ?? '';
  return isUuid(secret) ? secret : undefined;
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

export function cookieOptions(c: Context, lifeMs: number): CookieOptions {
  return {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    maxAge: lifeMs / 1_000,
    secure: c.req.header('X-Forwarded-Proto') === 'https',
  };
}
