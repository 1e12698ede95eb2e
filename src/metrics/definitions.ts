// Tested by test/unit/wiring/metrics.test.ts
import { Counter, Histogram, type Registry } from 'prom-client';

/** Upper bounds of histogram buckets, in seconds. */
const buckets = {
  /** Up to MAX_TURN_SECONDS, 600 by default. */
  turn: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200],
  firstText: [0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60, 120],
  unseen: [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10, 20, 60],
  /** Platform calls end within 6 s. */
  call: [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6],
  request: [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600],
};

/** Counters and histograms, with their Prometheus names. */
export function defineMetrics(registry: Registry) {
  const registers = [registry];
  function counter<L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers });
  }
  function histogram<L extends string>(
    name: string,
    help: string,
    bounds: number[],
    ...labelNames: L[]
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: bounds, registers });
  }

  return {
    questions: counter(
      'parley_questions_total',
      'Questions stored, each of which will be answered.',
      'platform',
    ),
    refusals: counter(
      'parley_questions_refused_total',
      'Questions not taken in; reason "store": they could not be stored.',
      'platform',
      'reason',
    ),
    turns: counter(
      'parley_turns_total',
      'Turns that ended: done, stopped by a person, or failed.',
      'platform',
      'outcome',
    ),
    turnSeconds: histogram(
      'parley_turn_duration_seconds',
      'From the beginning of a turn’s last attempt to its end, with everything shown and stored.',
      buckets.turn,
      'platform',
    ),
    firstTextSeconds: histogram(
      'parley_first_text_seconds',
      'From the beginning of a turn’s attempt to the first text that people see of it.',
      buckets.firstText,
      'platform',
    ),
    firstTextSinceAskedSeconds: histogram(
      'parley_first_text_since_asked_seconds',
      'From the time at which a turn’s first question was sent to the first text of its reply.',
      buckets.firstText,
      'platform',
    ),
    unseenSeconds: histogram(
      'parley_unseen_text_age_seconds',
      'Age of the oldest text not shown before, at each call that shows text.',
      buckets.unseen,
      'platform',
    ),
    calls: counter(
      'parley_platform_calls_total',
      'Calls to platforms: ok, limited (429), refused, or failed.',
      'platform',
      'method',
      'result',
    ),
    callSeconds: histogram(
      'parley_platform_call_duration_seconds',
      'How long calls to platforms took, however they went.',
      buckets.call,
      'platform',
      'method',
    ),
    requests: counter(
      'parley_model_requests_total',
      'Requests to models: done, left (stopped, or cut by a bound), or the fault.',
      'model',
      'result',
    ),
    requestSeconds: histogram(
      'parley_model_request_duration_seconds',
      'How long requests to models took, however they ended.',
      buckets.request,
      'model',
    ),
    firstDeltaSeconds: histogram(
      'parley_model_first_text_seconds',
      'From a request to a model to its first text.',
      buckets.firstText,
      'model',
    ),
    tokens: counter(
      'parley_model_tokens_total',
      'Tokens that models told of at the end of whole answers, by direction: input or output.',
      'model',
      'direction',
    ),
    failovers: counter(
      'parley_model_failovers_total',
      'Times that a model failed before its first text, and another one was asked.',
      'from',
      'to',
    ),
  };
}
