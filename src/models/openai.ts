import type { Log } from '../core/ports/log.ts';
import { type Metrics, noMetrics } from '../core/ports/metrics.ts';
import type { Model } from '../core/ports/model.ts';
import { attempt } from './single-request.ts';
import type { SilenceLimits } from './single-request.ts';
import { languageModel } from './provider.ts';
import type { Provider } from './provider.ts';
import { retrying } from './retrying.ts';
import type { RetryPolicy } from './retrying.ts';

/** The smallest, fastest and cheapest of OpenAI's current family, on both of its APIs. */
export const defaultModel = 'gpt-6-luna';

const defaultLimits: SilenceLimits = { firstTokenMs: 60_000, stallMs: 30_000 };

export interface OpenAiOptions extends Provider {
  readonly timeouts?: Partial<SilenceLimits>;
  readonly retries?: Partial<RetryPolicy>;
  readonly metrics?: Metrics;
  readonly log: Log;
}

/**
 * A model at OpenAI or at any server that speaks one of its APIs.
 *
 * Throws `BadConfiguration` without a key for OpenAI itself.
 */
export function openAiModel(options: OpenAiOptions): Model {
  const model = languageModel(options);
  const limits = { ...defaultLimits, ...options.timeouts };
  const { model: name, metrics = noMetrics, log } = options;
  return retrying(
    { name, stream: (request) => attempt(model, request, limits, metrics.asks(name)) },
    { ...options.retries, log },
  );
}
