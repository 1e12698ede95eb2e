import { streamText } from 'ai';
import type { FinishReason, LanguageModel, TextStreamPart, ToolSet } from 'ai';
import { ModelFailed } from '../core/domain/errors.ts';
import type { Asking } from '../core/ports/metrics.ts';
import type { ModelEvent, ModelRequest } from '../core/ports/model.ts';
import { toModelFailed } from './errors/to-model-failed.ts';
import { Prose } from './answer-text.ts';
import { Watchdog } from './idle-timeout.ts';

/** How long a model may be silent, in milliseconds. */
export interface SilenceLimits {
  /** Before its first text, and while it reasons. Default 60,000. */
  readonly firstTokenMs: number;
  /** In the middle of its text. Default 30,000. */
  readonly stallMs: number;
}

/**
 * Asks a model once, and tells `asking` how that goes. However it is left (end, fault, abort, a reader that walks away), the HTTP
 * request is over and no timer is left. Throws `ModelFailed`, or the request's reason to abort.
 */
export async function* attempt(
  model: Exclude<LanguageModel, string>,
  request: ModelRequest,
  limits: SilenceLimits,
  asking: Asking,
): AsyncGenerator<ModelEvent> {
  request.signal.throwIfAborted();
  const hangUp = new AbortController();
  const watchdog = new Watchdog((limitMs) => {
    hangUp.abort(new ModelFailed('stalled', `no sign of life for ${limitMs} ms`));
  });
  const { stream } = streamText({
    model,
    instructions: request.instructions,
    messages: request.messages.map(({ role, text }) => ({ role, content: text })),
    abortSignal: AbortSignal.any([request.signal, hangUp.signal]),
    // Retries are ours: the SDK's know neither a stall nor a cut.
    maxRetries: 0,
    // Errors come as parts; without a handler the SDK prints them to the console.
    onError: () => {},
    // OpenAI keeps answers for 30 days unless told not to.
    providerOptions: { openai: { store: false } },
  });
  // A reader rather than `for await`: leaving that loop cancels one branch of a tee, and waits
  // for the other.
  const parts = stream.getReader();
  const prose = new Prose();
  let limitMs = limits.firstTokenMs;
  try {
    for (;;) {
      watchdog.watch(limitMs);
      const { done, value: part } = await parts.read();
      watchdog.rest();
      request.signal.throwIfAborted();
      hangUp.signal.throwIfAborted();
      if (done) throw new ModelFailed('cut', 'the stream ended without a finish');
      limitMs = limitAfter(part, limits) ?? limitMs;
      const text = prose.read(part);
      if (text !== '') {
        asking.wrote();
        yield { type: 'delta', text };
      }
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') {
        const { inputTokens, outputTokens } = part.totalUsage;
        const usage = {
          ...(inputTokens === undefined ? {} : { inputTokens }),
          ...(outputTokens === undefined ? {} : { outputTokens }),
        };
        const reason = endOf(part.finishReason, prose);
        asking.ended('done', usage);
        yield { type: 'end', reason, usage };
        return;
      }
    }
  } catch (error) {
    // An abort surfaces as whatever the SDK was doing at the time; the signals know better.
    request.signal.throwIfAborted();
    const asked = [request.instructions, ...request.messages.map(({ text }) => text)];
    const failure = toModelFailed(hangUp.signal.aborted ? hangUp.signal.reason : error, asked);
    asking.ended(failure.fault);
    throw failure;
  } finally {
    // Whoever reads no further does not want it any more.
    asking.ended('left');
    watchdog.rest();
    hangUp.abort();
  }
}

/** A part that changes how much silence is natural, or undefined. */
function limitAfter(part: TextStreamPart<ToolSet>, limits: SilenceLimits): number | undefined {
  if (part.type === 'text-delta') return limits.stallMs;
  return /^(reasoning|tool)/.test(part.type) ? limits.firstTokenMs : undefined;
}

/** The SDK's finish → the port's end; throws `ModelFailed` for what is no whole answer. */
function endOf(finish: FinishReason, prose: Prose): 'complete' | 'length' {
  if (finish === 'content-filter') {
    throw new ModelFailed('refused', 'the provider filtered the answer');
  }
  if (finish === 'interrupted') {
    throw new ModelFailed('cut', 'the stream was closed without a finish');
  }
  if (finish === 'error') {
    throw new ModelFailed('unknown', 'the model finished with an error and no reason');
  }
  if (!prose.written) throw new ModelFailed('empty', `the answer was blank (${finish})`);
  return finish === 'length' ? 'length' : 'complete';
}
