import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log, ThrottledWarnings } from '../../../core/ports/log.ts';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import { readJson } from './request-guard.ts';
import { sessionOf } from '../sessions/session.ts';

/** HTTP status by the reason that a message was refused. */
const refusals = {
  empty: 400,
  'too-long': 413,
  'too-many': 429,
  spent: 429,
} as const satisfies Record<MessageRefused['reason'], number>;

const later = 'Parley cannot store anything right now. Try again in a minute.';

/** The response to a failed request: a sentence that the page shows; the log has the cause. */
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
  if (c.req.raw.signal.aborted || ('code' in error && error.code === 'ECONNRESET')) {
    digest.count('web request aborted by its client');
    // The client is gone: nobody reads the response.
    return c.body(null, 400);
  }
  // The route's pattern instead of the path, which contains half of a conversation's id.
  log.error({ err: error, route: `${c.req.method} ${c.req.routePath}` }, 'web request failed');
  if (error instanceof StoreUnavailable) return c.json({ error: storeSentence(error) }, 503);
  return c.json({ error: 'Something went wrong here; the log says what.' }, 500);
}

function storeSentence({ trouble }: StoreUnavailable): string {
  if (trouble === undefined) return later;
  return `${trouble.charAt(0).toUpperCase()}${trouble.slice(1)}; tell whoever runs Parley.`;
}

const maxBodyBytes = 2_048;
const tooMuch = 'That is no report of a problem.';
/** Problem reports logged per minute, of all pages together: nobody can flood the log. */
const reportsPerMinute = 10;
/** Quotation marks in a browser's error message: the text between them may be people's. */
const quote = /['"`“”‘’]/;
const maxReasonChars = 120;

const problem = z.object({
  type: z.string().regex(/^[A-Za-z]{1,40}$/),
  message: z.string().max(300),
  at: z.string().regex(/^[\w./-]{1,100}(?::\d{1,7}){1,2}$/),
});

/** The route for faults of the page's own script, which end up in the log. */
export function problemReportRoutes(log: Log): Hono {
  const routes = new Hono();
  const limiter = new RateLimiterMemory({ points: reportsPerMinute, duration: 60 });
  routes.post('/api/problems', async (c) => {
    if (sessionOf(c) === undefined) return c.json({ error: 'This browser has no session.' }, 401);
    const report = problem.safeParse(await readJson(c, maxBodyBytes, tooMuch));
    if (!report.success) return c.json({ error: tooMuch }, 400);
    const within = await limiter.consume('pages').then(
      () => true,
      () => false,
    );
    if (!within) return c.json({ error: 'Enough problems were told for now.' }, 429);
    const { type, message, at } = report.data;
    log.warn({ type, reason: withoutQuotes(message), at }, 'web page reported an error');
    return c.body(null, 204);
  });
  return routes;
}

/** A browser's message without its quotes, from the first mark to the last. */
function withoutQuotes(message: string): string {
  const first = message.search(quote);
  if (first < 0) return message.slice(0, maxReasonChars);
  let last = message.length - 1;
  while (last > first && !quote.test(message[last] ?? '')) last -= 1;
  // A message that was cut may lack the second mark.
  const rest = last === first ? '' : message.slice(last + 1);
  return `${message.slice(0, first)}…${rest}`.slice(0, maxReasonChars);
}
