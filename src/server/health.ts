import { Hono } from 'hono';

/** Whether the process can do its work now. */
export interface Health {
  /** Resolves if it can; throws with the reason if it cannot. */
  check(): Promise<void>;
}

export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** A store that hangs must not hang whoever asks. */
const checkTimeoutMs = 2_000;

/**
 * `/healthz` is 200 for as long as the process runs: restarting it mends nothing outside of it.
 * `/readyz` is 503, with the reason, while it could not take a question in.
 */
export function healthRoutes(health: Health): Hono {
  const routes = new Hono();
  routes.get('/healthz', (c) => c.json({ alive: true }));
  routes.get('/readyz', async (c) => {
    const reason = await notReady(health);
    return reason === undefined
      ? c.json({ ready: true })
      : c.json({ ready: false, reason }, 503, { 'Retry-After': '5' });
  });
  return routes;
}

async function notReady(health: Health): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve('the check took too long'), checkTimeoutMs);
  const checked = health.check().then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  );
  try {
    return await Promise.race([checked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
