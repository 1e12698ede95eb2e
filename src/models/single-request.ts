import {
  type FinishReason,
  type LanguageModel,
  streamText,
  type TextStreamPart,
  type ToolSet,
} from 'ai';
import { ModelFailed } from '../core/domain/errors.ts';
import type { RequestTimer } from '../core/ports/metrics.ts';
import type { ModelEvent, ModelRequest } from '../core/ports/model.ts';
import { toModelFailed } from './errors/to-model-failed.ts';

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
export async function* streamOnce(
  model: Exclude<LanguageModel, string>,
  request: ModelRequest,
  limits: SilenceLimits,
  asking: RequestTimer,
): AsyncGenerator<ModelEvent> {
  request.signal.throwIfAborted();
  const hangUp = new AbortController();
  const watchdog = new IdleTimeout((limitMs) => {
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
  const prose = new AnswerText();
  let limitMs = limits.firstTokenMs;
  try {
    for (;;) {
      watchdog.start(limitMs);
      const { done, value: part } = await parts.read();
      watchdog.stop();
      request.signal.throwIfAborted();
      hangUp.signal.throwIfAborted();
      if (done) throw new ModelFailed('cut', 'the stream ended without a finish');
      limitMs = limitAfter(part, limits) ?? limitMs;
      const text = prose.textOf(part);
      if (text !== '') {
        asking.gotText();
        yield { type: 'delta', text };
      }
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') {
        const { inputTokens, outputTokens } = part.totalUsage;
        const usage = {
          ...(inputTokens === undefined ? {} : { inputTokens }),
          ...(outputTokens === undefined ? {} : { outputTokens }),
        };
        const reason = endReason(part.finishReason, prose);
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
    watchdog.stop();
    hangUp.abort();
  }
}

/** A part that changes how much silence is natural, or undefined. */
function limitAfter(part: TextStreamPart<ToolSet>, limits: SilenceLimits): number | undefined {
  if (part.type === 'text-delta') return limits.stallMs;
  return /^(reasoning|tool)/.test(part.type) ? limits.firstTokenMs : undefined;
}

/** The SDK's finish → the port's end; throws `ModelFailed` for what is no whole answer. */
function endReason(finish: FinishReason, prose: AnswerText): 'complete' | 'length' {
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

/**
 * Picks an answer's text out of a model's stream. Texts of several steps or messages are joined
 * by the SDK without a gap, so they are set apart here; blank text at the start is held back
 * until there is more, because nobody should see, or keep, an answer of blanks.
 */
class AnswerText {
  /** There is text that people can see. */
  written = false;
  #held = '';
  #step = 0;
  #message = '';
  #passage = '';

  /** The text to show for a part; mostly that of a text part, else none. */
  textOf(part: TextStreamPart<ToolSet>): string {
    if (part.type === 'finish-step') this.#step += 1;
    if (part.type === 'text-start') {
      // Only the Responses API has several messages in an answer, and names them. Elsewhere a
      // text may be interrupted by reasoning in the middle of a word, which is no paragraph.
      const itemId = part.providerMetadata?.openai?.itemId;
      this.#message = typeof itemId === 'string' ? itemId : '';
    }
    if (part.type !== 'text-delta') return '';
    const text = this.#gap() + this.#held + part.text;
    this.#held = '';
    if (!this.written && text.trim() === '') {
      this.#held = text;
      return '';
    }
    this.written = true;
    return text;
  }

  /** A paragraph break, if the text that comes is of another step or message than the last. */
  #gap(): string {
    const passage = `${this.#step}/${this.#message}`;
    const gap = this.written && passage !== this.#passage ? '\n\n' : '';
    this.#passage = passage;
    return gap;
  }
}

/**
 * Notices silence. It is set before each wait and rests while nobody waits, so that a slow
 * reader is never taken for a silent writer.
 */
export class IdleTimeout {
  readonly #onSilence: (limitMs: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onSilence: (limitMs: number) => void) {
    this.#onSilence = onSilence;
  }

  /** From now on, silence of `limitMs` milliseconds is reported, once. */
  start(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onSilence(limitMs), limitMs);
  }

  /** Silence is fine until the next `watch`. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
