import { RateLimited, Rejected } from '../../core/domain/errors.ts';
import type { CallResult, Metrics } from '../../core/ports/metrics.ts';

export interface MeasuredCall {
  readonly metrics: Metrics;
  readonly platform: string;
  /** Of the platform's API, without ids. */
  readonly method: string;
  /** What was given up here says nothing of the platform, and is not counted. */
  readonly signal: AbortSignal;
}

/** Makes a call to a platform, and counts how it went and how long it took. */
export async function measured<T>(of: MeasuredCall, call: () => Promise<T>): Promise<T> {
  const { metrics, platform, method, signal } = of;
  const startedAt = performance.now();
  let result: CallResult = 'ok';
  try {
    return await call();
  } catch (error) {
    result = resultOf(error);
    throw error;
  } finally {
    if (result === 'ok' || !signal.aborted) {
      metrics.platformCalled(platform, method, result, performance.now() - startedAt);
    }
  }
}

function resultOf(error: unknown): CallResult {
  if (error instanceof RateLimited) return 'limited';
  return error instanceof Rejected ? 'refused' : 'failed';
}
