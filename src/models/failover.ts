import { ModelFailed, type ModelFault } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Model, ModelEvent, ModelRequest } from '../core/ports/model.ts';

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
