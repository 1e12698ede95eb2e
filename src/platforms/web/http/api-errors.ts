import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { LogDigest } from '../../../core/log-digest.ts';
import type { Log } from '../../../core/ports/log.ts';
import { Crowded } from '../conversations/live-conversations.ts';

const refusals = {
  empty: 400,
  'too-long': 413,
  'too-many': 429,
  spent: 429,
} as const satisfies Record<MessageRefused['reason'], number>;

const later = 'Parley cannot store anything right now. Try again in a minute.';

/** Says what went wrong in a sentence that the page can show; the log has the cause. */
export function faultResponse(error: Error, c: Context, log: Log, digest: LogDigest): Response {
  if (error instanceof MessageRefused) {
    return c.json({ error: error.message }, refusals[error.reason]);
  }
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  if (error instanceof Crowded) return c.json({ error: error.message }, 503);
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
