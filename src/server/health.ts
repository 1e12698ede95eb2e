// Tested by test/integration/web-server.test.ts
/** Whether the process can do its work now. */
export interface Health {
  /** Resolves if it can; throws with the reason if it cannot. */
  check(): Promise<void>;
}

/** What whoever asks for health is told, as JSON. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly alive?: boolean; readonly ready?: boolean; readonly reason?: string };
}

export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Told with a 503: when to ask again, in seconds. */
export const retryAfterSeconds = 5;

/** A store that hangs must not hang whoever asks. */
const checkTimeoutMs = 2_000;

/** `/healthz` is 200 for as long as the process runs: restarting it mends nothing outside of it. */
export const alive: HealthAnswer = { status: 200, body: { alive: true } };

/** `/readyz` is 503, with the reason, while the process could not take a question in. */
export async function readiness(health: Health): Promise<HealthAnswer> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve('the check took too long'), checkTimeoutMs);
  const checked = health.check().then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  );
  try {
    const reason = await Promise.race([checked, late.promise]);
    return reason === undefined
      ? { status: 200, body: { ready: true } }
      : { status: 503, body: { ready: false, reason } };
  } finally {
    clearTimeout(timer);
  }
}
