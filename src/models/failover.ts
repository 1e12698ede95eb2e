import { ModelFailed, type ModelFault } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Model, ModelEvent, ModelRequest } from '../core/ports/model.ts';
import { wait } from '../core/timing.ts';

/** Time for which a failed model is asked last, in ms. */
const demotionMs = 30_000;

/** Faults of the question or of chance, which do not demote a model. */
const notTheModels: ReadonlySet<ModelFault> = new Set<ModelFault>(['too-long', 'empty']);

/** One of the models, with its demotion after a failure. */
interface Candidate {
  readonly model: Model;
  /** End of the demotion on the clock of `performance.now()`; undefined without one. */
  demotedUntil: number | undefined;
}

export interface FailoverOptions {
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Several models as one: they are asked in order until one begins to write. A failure after the
 * first text is thrown, as text that people have seen is never replaced. A refusal is an answer, and
 * not taken to another model.
 *
 * A model that failed is asked last for 30 s, then first by one question, and by all others only
 * once it has written again: not everybody waits for a silent model.
 *
 * If all fail, the failure of the model named first is thrown, as its answer was wanted; failures of
 * the others are in the log.
 *
 * @param models at least one; a single one is returned as it is
 */
export function failover(models: readonly Model[], { log, metrics }: FailoverOptions): Model {
  const [only] = models;
  if (only !== undefined && models.length === 1) return only;
  const candidates = models.map((model): Candidate => ({ model, demotedUntil: undefined }));

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent> {
    const order = orderOf(candidates, performance.now());
    const failures = new Map<Candidate, ModelFailed>();
    for (const [at, candidate] of order.entries()) {
      let written = false;
      try {
        for await (const event of candidate.model.stream(request)) {
          const isFirst = !written;
          if (isFirst) candidate.demotedUntil = undefined;
          written = true;
          yield isFirst || event.type === 'end'
            ? withModelName(event, candidate.model.name)
            : event;
        }
        return;
      } catch (error) {
        if (written || !(error instanceof ModelFailed) || error.fault === 'refused') throw error;
        failures.set(candidate, error);
        if (!notTheModels.has(error.fault)) candidate.demotedUntil = performance.now() + demotionMs;
        const next = order[at + 1];
        if (next !== undefined) logFailover(candidate.model.name, next.model.name, error);
      }
    }
    throw candidates.map((each) => failures.get(each)).find((failure) => failure !== undefined);
  }

  function logFailover(from: string, to: string, error: ModelFailed): void {
    metrics.failedOver(from, to);
    log.warn({ from, to, fault: error.fault, err: error }, 'model failed over');
  }

  return { name: models.map(({ name }) => name).join(', '), stream };
}

/** Models without a demotion first; one whose demotion has just ended is tried by one question. */
function orderOf(candidates: readonly Candidate[], now: number): Candidate[] {
  const isPreferred = ({ demotedUntil = 0 }: Candidate): boolean => demotedUntil <= now;
  const order = [
    ...candidates.filter(isPreferred),
    ...candidates.filter((each) => !isPreferred(each)),
  ];
  const [first] = order;
  if (first?.demotedUntil !== undefined) first.demotedUntil = now + demotionMs;
  return order;
}

function withModelName(event: ModelEvent, model: string): ModelEvent {
  return event.type === 'end'
    ? { ...event, usage: { ...event.usage, model } }
    : { ...event, model };
}

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
