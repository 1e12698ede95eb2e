import { Hono } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import type { Log } from '../../../core/ports/log.ts';
import { readJson } from './read-body.ts';
import { sessionOf } from '../sessions/session.ts';

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
export function problems(log: Log): Hono {
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
