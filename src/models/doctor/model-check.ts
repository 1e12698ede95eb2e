// Tested by test/integration/doctor.test.ts
import { streamText } from 'ai';
import { ModelFailed, type ModelFault } from '../../core/domain/errors.ts';
import type { Check, Finding, OnClockReading } from '../../core/ports/checkup.ts';
import { userTexts } from '../../core/domain/user-texts.ts';
import { toModelFailed } from '../errors/provider-error.ts';
import { languageModel, type Provider } from '../openai-client.ts';
import { inspectSettings, remedyFor } from './settings-check.ts';

/** Smallest token limit that OpenAI's own APIs accept; other servers accept 1. */
const leastTokensAtOpenAi = 16;

const group = 'model';

/** Faults that a wrong setting may cause; the list of models then tells which one. */
const maybeSettings = new Set<ModelFault>([
  'unauthorized',
  'unknown-model',
  'malformed',
  'unreachable',
  'unknown',
]);

export interface ModelCheckupOptions extends Omit<Provider, 'fetch'> {
  readonly hear: OnClockReading;
}

/** Check that a model answers: one call with as few tokens as its provider accepts. */
export function modelCheckup(options: ModelCheckupOptions): Check {
  const id = `model.${options.model}`;
  const what = options.model;
  return {
    id,
    group,
    what,
    remedy:
      'look at the model’s server. One that loads its model first may need longer: look again in a minute',
    async run(signal) {
      const startedAt = performance.now();
      try {
        await ask(options, signal);
      } catch (error) {
        signal.throwIfAborted();
        return [{ id, what, ...(await failed(toModelFailed(error), options, signal)) }];
      }
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      return [{ id, what, state: 'ok', detail: `answers, after ${seconds} s` }];
    },
  };
}

/** The finding of a failed call, with the words of the start for a wrong setting. */
async function failed(
  { fault, message }: ModelFailed,
  { model, ...server }: ModelCheckupOptions,
  signal: AbortSignal,
): Promise<Pick<Finding, 'state' | 'detail' | 'remedy'>> {
  const look = maybeSettings.has(fault)
    ? await inspectSettings(server, [model], signal)
    : undefined;
  const [found] = look?.faults ?? [];
  if (found !== undefined) {
    const { setting, detail, remedy } = found;
    const words = look?.answers === true ? `${setting} may be wrong: ${detail}` : detail;
    return {
      state: 'failed',
      detail: fault === 'unreachable' ? words : `${words} (${message})`,
      remedy,
    };
  }
  const remedy = remedyFor(fault, server);
  return {
    // A rate-limited server is there, and accepts the key.
    state: fault === 'rate-limited' ? 'warning' : 'failed',
    detail: `${userTexts.model[fault]} (${message})`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** Makes the call; throws its failure. An empty answer is fine, as some models reason first. */
async function ask({ hear, ...provider }: ModelCheckupOptions, signal: AbortSignal): Promise<void> {
  const model = languageModel({
    ...provider,
    fetch: async (input, init) => {
      const sentMs = Date.now();
      const response = await globalThis.fetch(input, init);
      const said = response.headers.get('date');
      const of = 'the model';
      if (said !== null) hear({ of, said, sentMs, receivedMs: Date.now() });
      return response;
    },
  });
  const { stream } = streamText({
    model,
    prompt: 'Say hi.',
    maxOutputTokens: model.provider.startsWith('openai.') ? leastTokensAtOpenAi : 1,
    abortSignal: signal,
    maxRetries: 0,
    // Errors come as parts; without a handler the SDK prints them to the console.
    onError: () => {},
    providerOptions: { openai: { store: false } },
  });
  for await (const part of stream) {
    if (part.type === 'error' && !ranOut(part.error)) throw part.error;
    if (part.type === 'error' || part.type === 'finish') return;
  }
  signal.throwIfAborted();
  throw new ModelFailed('cut', 'the stream ended without a finish');
}

/** Whether an error says that the few tokens were spent on reasoning. */
function ranOut(error: unknown): boolean {
  return /max_tokens or model output limit was reached/.test(toModelFailed(error).message);
}
