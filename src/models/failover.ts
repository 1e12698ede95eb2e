import { ModelFailed, type ModelFault } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Model, ModelEvent, ModelRequest } from '../core/ports/model.ts';

/** A model that failed is asked last for so long, in milliseconds. */
const demotionMs = 30_000;

/** Faults of the question, or of chance: the next question may well be answered. */
const notOfTheModel: ReadonlySet<ModelFault> = new Set<ModelFault>(['too-long', 'empty']);

/** One of several models, and since when others are asked before it. */
interface Candidate {
  readonly model: Model;
  /** On the clock of `performance.now()`; undefined while it is well. */
  demotedUntil: number | undefined;
}

export interface FailoverOptions {
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Several models as one: they are asked in order until one begins to write. What fails after its
 * first text is the caller's, as text that people have seen is never written anew. A refusal is a
 * provider's answer, and not taken to another.
 *
 * One that failed is asked last for 30 s; then by one question, and by the others only once it
 * has written again, so that not everybody waits for a model that is silent.
 *
 * If all fail, what is thrown is the failure of the one that is named first: that is the one whose
 * answer was wanted, and its sentence is the one to act on. What the substitutes lack, such as
 * room for a long conversation, is in the log.
 *
 * @param models at least one; one alone is given back as it is
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
        if (!notOfTheModel.has(error.fault))
          candidate.demotedUntil = performance.now() + demotionMs;
        const next = order[at + 1];
        if (next !== undefined) tell(candidate.model.name, next.model.name, error);
      }
    }
    throw candidates.map((each) => failures.get(each)).find((failure) => failure !== undefined);
  }

  function tell(from: string, to: string, error: ModelFailed): void {
    metrics.failedOver(from, to);
    log.warn({ from, to, fault: error.fault, err: error }, 'model failed over');
  }

  return { name: models.map(({ name }) => name).join(', '), stream };
}

/** The well ones first; one whose time aside is over is tried by whoever comes first. */
function orderOf(candidates: readonly Candidate[], now: number): Candidate[] {
  const isWell = ({ demotedUntil = 0 }: Candidate): boolean => demotedUntil <= now;
  const order = [...candidates.filter(isWell), ...candidates.filter((each) => !isWell(each))];
  const [first] = order;
  if (first?.demotedUntil !== undefined) first.demotedUntil = now + demotionMs;
  return order;
}

function withModelName(event: ModelEvent, model: string): ModelEvent {
  return event.type === 'end'
    ? { ...event, usage: { ...event.usage, model } }
    : { ...event, model };
}
