// Tested by test/integration/models-faults.test.ts
import type { Log } from '../core/ports/log.ts';
import { type Metrics, noMetrics } from '../core/ports/metrics.ts';
import type { Model } from '../core/ports/model.ts';
import { type SilenceLimits, streamOnce } from './model-request.ts';
import { retrying, type RetryPolicy } from './failover.ts';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModel } from 'ai';
import { BadConfiguration, ModelFailed } from '../core/domain/errors.ts';
import { withBatchedEvents } from './batched-sse-fetch.ts';

/** The default model: OpenAI's smallest, fastest and cheapest, on both of its APIs. */
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
    { name, stream: (request) => streamOnce(model, request, limits, metrics.requestStarted(name)) },
    { ...options.retries, log },
  );
}

/** OpenAI's two APIs: Responses and Chat Completions. */
type OpenAiApi = 'responses' | 'chat';

export interface Provider {
  /** API key; OpenAI requires one, most self-hosted servers do not. */
  readonly apiKey?: string;
  /** Such as `http://127.0.0.1:11434/v1`. Default: OpenAI's. */
  readonly baseUrl?: string;
  /** Default: `responses` for OpenAI itself, `chat` elsewhere, as few servers have the other. */
  readonly api?: OpenAiApi;
  /** The model's id at the provider. */
  readonly model: string;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

export const openAiUrl = 'https://api.openai.com/v1';

/** The API of a provider. */
function apiOf({ api, baseUrl }: Pick<Provider, 'api' | 'baseUrl'>): OpenAiApi {
  return api ?? (isOpenAi(baseUrl) ? 'responses' : 'chat');
}

/**
 * The AI SDK's model for a provider: `@ai-sdk/openai` for OpenAI and for the Responses API anywhere;
 * `@ai-sdk/openai-compatible` for Chat Completions elsewhere, as it needs no key and reads the
 * reasoning that such servers send.
 *
 * Throws `BadConfiguration` without a key for OpenAI itself.
 */
export function languageModel(provider: Provider): Exclude<LanguageModel, string> {
  const { apiKey, baseUrl = openAiUrl, model } = provider;
  const fetch = withBatchedEvents(eventStreamsOnly(provider.fetch ?? globalThis.fetch));
  const atOpenAi = isOpenAi(baseUrl);
  if (atOpenAi && !apiKey) {
    throw new BadConfiguration('OPENAI_API_KEY is missing; create one at platform.openai.com');
  }
  if (apiOf(provider) === 'chat' && !atOpenAi) {
    return createOpenAICompatible({
      name: 'compatible',
      baseURL: baseUrl,
      includeUsage: true,
      fetch,
      ...(apiKey ? { apiKey } : {}),
    })(model);
  }
  // Both are always given: what is left out, the package looks up in the environment.
  const openai = createOpenAI({ baseURL: baseUrl, apiKey: apiKey || 'none', fetch });
  return apiOf(provider) === 'chat' ? openai.chat(model) : openai.responses(model);
}

/** Whether an address is OpenAI's, including its regional hosts. */
export function isOpenAi(baseUrl: string = openAiUrl): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com');
}

/**
 * Rejects responses that are no event streams: a wrong base URL often answers 200 with a web page,
 * which the SDK takes for an empty stream. Responses without a type pass, as some servers send none.
 */
function eventStreamsOnly(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    if (response.ok && /^(text\/html|application\/json)$/i.test(type.trim())) {
      await response.body?.cancel();
      throw new ModelFailed(
        'malformed',
        `the model's server answered with ${type.trim()}, not an event stream: check OPENAI_BASE_URL`,
      );
    }
    return response;
  };
}
