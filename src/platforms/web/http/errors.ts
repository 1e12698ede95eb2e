import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log, ThrottledWarnings } from '../../../core/ports/log.ts';
import { TooManyPages } from '../conversations/live-conversations.ts';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import { readJson } from './read-body.ts';
import { sessionOf } from '../sessions/session.ts';

const refusals = {
  empty: 400,
  'too-long': 413,
  'too-many': 429,
  spent: 429,
} as const satisfies Record<MessageRefused['reason'], number>;

const later = 'Parley cannot store anything right now. Try again in a minute.';

/** Says what went wrong in a sentence that the page can show; the log has the cause. */
export function errorResponse(
  error: Error,
  c: Context,
  log: Log,
  digest: ThrottledWarnings,
): Response {
  if (error instanceof MessageRefused) {
    return c.json({ error: error.message }, refusals[error.reason]);
  }
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  if (error instanceof TooManyPages) return c.json({ error: error.message }, 503);
  if (c.req.raw.signal.aborted || ('code' in error && error.code === 'ECONNRESET')) {
    digest.count('web request aborted by its client');
    // Nobody reads it.
    return c.body(null, 400);
  }
  // The pattern, not the path: half of a conversation's id is in it.
  log.error({ err: error, route: `${c.req.method} ${c.req.routePath}` }, 'web request failed');
  if (error instanceof StoreUnavailable) return c.json({ error: unstored(error) }, 503);
  return c.json({ error: 'Something went wrong here; the log says what.' }, 500);
}

function unstored({ trouble }: StoreUnavailable): string {
  if (trouble === undefined) return later;
  return `${trouble.charAt(0).toUpperCase()}${trouble.slice(1)}; tell whoever runs Parley.`;
}

const maxBodyBytes = 2_048;
const tooMuch = 'That is no report of a problem.';
/** Of all pages together, in a minute: the log is for the operator, not for whoever can fill it. */
const perMinute = 10;
/** Browsers put what they could not read into quotes, and that may be what people wrote. */
const quote = /['"`“”‘’]/;
const maxReason = 120;

const problem = z.object({
  type: z.string().regex(/^[A-Za-z]{1,40}$/),
  message: z.string().max(300),
  at: z.string().regex(/^[\w./-]{1,100}(?::\d{1,7}){1,2}$/),
});

/** Where a page tells that it has a fault of its own. */
export function problemReportRoutes(log: Log): Hono {
  const routes = new Hono();
  const budget = new RateLimiterMemory({ points: perMinute, duration: 60 });
  routes.post('/api/problems', async (c) => {
    if (sessionOf(c) === undefined) return c.json({ error: 'This browser has no session.' }, 401);
    const found = problem.safeParse(await readJson(c, maxBodyBytes, tooMuch));
    if (!found.success) return c.json({ error: tooMuch }, 400);
    const within = await budget.consume('pages').then(
      () => true,
      () => false,
    );
    if (!within) return c.json({ error: 'Enough problems were told for now.' }, 429);
    const { type, message, at } = found.data;
    log.warn({ type, reason: wordless(message), at }, 'web page has a fault');
    return c.body(null, 204);
  });
  return routes;
}

/** A browser's message without what it quotes, from the first mark to the last. */
function wordless(message: string): string {
  const first = message.search(quote);
  if (first < 0) return message.slice(0, maxReason);
  let last = message.length - 1;
  while (last > first && !quote.test(message[last] ?? '')) last -= 1;
  // What is quoted may have been cut off with its second mark.
  const rest = last === first ? '' : message.slice(last + 1);
  return `${message.slice(0, first)}…${rest}`.slice(0, maxReason);
}
