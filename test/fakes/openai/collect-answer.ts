import { ModelFailed } from '../../../src/core/domain/errors.ts';
import type { Model, ModelEvent, PromptMessage } from '../../../src/core/ports/model.ts';
import { openAiModel, type OpenAiOptions } from '../../../src/models/openai-client.ts';
import { recordingLog } from '../recording-log.ts';
import type { RetryPolicy } from '../../../src/models/failover.ts';

/** All that a caller of a model saw. */
export interface CollectedAnswer {
  readonly deltas: string[];
  readonly text: string;
  readonly end: Extract<ModelEvent, { type: 'end' }> | undefined;
  /** `ModelFailed.fault`, if that was thrown. */
  readonly fault: string | undefined;
  readonly error: unknown;
}

/** Asks, and listens to the end. */
export async function collectAnswer(
  model: Model,
  options: {
    messages?: readonly PromptMessage[];
    signal?: AbortSignal;
    onDelta?: (text: string) => Promise<void> | void;
  } = {},
): Promise<CollectedAnswer> {
  const deltas: string[] = [];
  let end: CollectedAnswer['end'];
  let error: unknown;
  try {
    for await (const event of model.stream({
      instructions: 'Answer.',
      messages: options.messages ?? [{ role: 'user', text: 'hello' }],
      signal: options.signal ?? new AbortController().signal,
    })) {
      if (end) throw new Error('an event came after the end');
      if (event.type === 'end') end = event;
      else {
        deltas.push(event.text);
        await options.onDelta?.(event.text);
      }
    }
    if (!end) throw new Error('the stream returned without an end');
  } catch (thrown) {
    error = thrown;
  }
  const fault = error instanceof ModelFailed ? error.fault : undefined;
  return { deltas, text: deltas.join(''), end, fault, error };
}

/** Retries as always, only without the waiting. */
export const fastRetries: Partial<RetryPolicy> = { firstDelayMs: 1, longestDelayMs: 1 };

type Settings = Partial<Omit<OpenAiOptions, 'baseUrl' | 'api' | 'fetch'>>;

/** The ways by which a model can be reached, each with a model at the fake. */
export const modelRoutes: { name: string; modelAt: (url: string, settings?: Settings) => Model }[] =
  [
    {
      name: 'OpenAI by Responses',
      modelAt: (url, settings) => openAiModel({ ...base(settings), fetch: insteadOfOpenAi(url) }),
    },
    {
      name: 'OpenAI by Chat Completions',
      modelAt: (url, settings) =>
        openAiModel({ ...base(settings), api: 'chat', fetch: insteadOfOpenAi(url) }),
    },
    {
      name: 'a compatible server by Chat Completions',
      modelAt: (url, settings) => openAiModel({ ...base(settings), baseUrl: url }),
    },
    {
      name: 'a compatible server by Responses',
      modelAt: (url, settings) =>
        openAiModel({ ...base(settings), baseUrl: url, api: 'responses' }),
    },
  ];

function base(settings: Settings = {}) {
  return {
    apiKey: 'sk-secret-1',
    model: 'fake',
    log: recordingLog(),
    retries: fastRetries,
    ...settings,
  };
}

/** Sends what is meant for api.openai.com to the fake, so that OpenAI's own route is tested. */
function insteadOfOpenAi(url: string): typeof globalThis.fetch {
  return (input, init) => {
    const meant = input instanceof Request ? input.url : input.toString();
    if (!meant.startsWith('https://api.openai.com/v1/')) throw new Error(`not OpenAI: ${meant}`);
    return fetch(meant.replace('https://api.openai.com/v1', url), init);
  };
}
