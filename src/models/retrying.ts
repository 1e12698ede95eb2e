import { ModelFailed } from '../core/domain/errors.ts';
import type { ModelFault } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';
import type { Model, ModelEvent, ModelRequest } from '../core/ports/model.ts';
import { wait } from '../core/timing.ts';

/** Retries of a request that failed before any text. */
export interface RetryPolicy {
  /** Requests for one answer, including the first; at least 1. Default 3. */
  readonly tries: number;
  /** Delay before the second request, in ms; doubles each time. Default 500. */
  readonly firstDelayMs: number;
  /** Longest delay by doubling, in ms. Default 8,000. */
  readonly longestDelayMs: number;
  /** Retry-After from which a request fails at once, in ms. Default 60,000. */
  readonly patienceMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  tries: 3,
  firstDelayMs: 500,
  longestDelayMs: 8_000,
  patienceMs: 60_000,
};

/** Faults that may pass by themselves, and are retried. */
const transient: ReadonlySet<ModelFault> = new Set<ModelFault>([
  'rate-limited',
  'overloaded',
  'unreachable',
  'stalled',
  'cut',
  'empty',
]);

/** Requests after empty answers: a second one shows whether the model stays at it. */
const emptyTries = 2;

/**
 * A model with retries after transient faults. A fault after the first text is thrown: text that
 * people have seen is never replaced.
 */
export function retrying(
  model: Model,
  options: Partial<RetryPolicy> & { readonly log: Log; readonly random?: () => number },
): Model {
  const policy = { ...defaultRetryPolicy, ...options };
  const random = options.random ?? Math.random;

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent> {
    for (let attempt = 1; ; attempt += 1) {
      let written = false;
      try {
        for await (const event of model.stream(request)) {
          written = true;
          yield event;
        }
        return;
      } catch (error) {
        if (written || !(error instanceof ModelFailed)) throw error;
        const delayMs = retryDelay(error, attempt, policy, random);
        if (delayMs === undefined) throw error;
        options.log.warn(
          { model: model.name, fault: error.fault, attempt, delayMs, err: error },
          'model request retried',
        );
        await wait(delayMs, request.signal);
      }
    }
  }

  return { name: model.name, stream };
}

/**
 * How long to wait after the `attempt`th request (from 1) failed, in milliseconds; undefined if
 * it is not to be made again. Half of each wait is chance, so that replies which failed together
 * do not come back together.
 */
export function retryDelay(
  failure: ModelFailed,
  attempt: number,
  policy: RetryPolicy,
  random: () => number,
): number | undefined {
  if (!transient.has(failure.fault)) return undefined;
  const tries = failure.fault === 'empty' ? Math.min(policy.tries, emptyTries) : policy.tries;
  if (attempt >= tries) return undefined;
  const fullMs = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.longestDelayMs);
  const jitteredMs = Math.round(fullMs * (0.5 + random() / 2));
  const { retryAfterMs } = failure;
  if (retryAfterMs === undefined) return jitteredMs;
  if (retryAfterMs >= policy.patienceMs) return undefined;
  // Never sooner than asked; the jitter comes on top, since all who were refused know the time.
  return retryAfterMs + jitteredMs;
}
