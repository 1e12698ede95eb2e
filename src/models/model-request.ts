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
import { toModelFailed } from './errors/provider-error.ts';

/** Longest silences of a model, in ms. */
export interface SilenceLimits {
  /** Before the first text, and while the model reasons. Default 60,000. */
  readonly firstTokenMs: number;
  /** Within the text. Default 30,000. */
  readonly stallMs: number;
}

/**
 * One request to a model, measured by `asking`. However the stream ends (finish, fault, abort, or a
 * consumer that stops reading), the HTTP request is closed and no timer is left.
 *
 * @throws ModelFailed, or the reason of the request's abort signal
 */
export async function* streamOnce(
  model: Exclude<LanguageModel, string>,
  request: ModelRequest,
  limits: SilenceLimits,
  asking: RequestTimer,
): AsyncGenerator<ModelEvent> {
  request.signal.throwIfAborted();
  const closing = new AbortController();
  const idle = new IdleTimeout((limitMs) => {
    closing.abort(new ModelFailed('stalled', `no sign of life for ${limitMs} ms`));
  });
  const { stream } = streamText({
    model,
    instructions: request.instructions,
    messages: request.messages.map(({ role, text }) => ({ role, content: text })),
    abortSignal: AbortSignal.any([request.signal, closing.signal]),
    // Retries are in retrying.ts: the SDK's know neither a stall nor a cut stream.
    maxRetries: 0,
    // Errors come as parts; without a handler the SDK prints them to the console.
    onError: () => {},
    // OpenAI keeps answers for 30 days unless told not to.
    providerOptions: { openai: { store: false } },
  });
  // A reader rather than `for await`: leaving that loop cancels one branch of a tee, and waits
  // for the other.
  const parts = stream.getReader();
  const answer = new AnswerText();
  let limitMs = limits.firstTokenMs;
  try {
    for (;;) {
      idle.start(limitMs);
      const { done, value: part } = await parts.read();
      idle.stop();
      request.signal.throwIfAborted();
      closing.signal.throwIfAborted();
      if (done) throw new ModelFailed('cut', 'the stream ended without a finish');
      limitMs = limitAfter(part, limits) ?? limitMs;
      const text = answer.textOf(part);
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
        const reason = endReason(part.finishReason, answer);
        asking.ended('done', usage);
        yield { type: 'end', reason, usage };
        return;
      }
    }
  } catch (error) {
    // The SDK reports an abort as any kind of error; the signals tell.
    request.signal.throwIfAborted();
    const asked = [request.instructions, ...request.messages.map(({ text }) => text)];
    const failure = toModelFailed(closing.signal.aborted ? closing.signal.reason : error, asked);
    asking.ended(failure.fault);
    throw failure;
  } finally {
    // The consumer may have stopped reading.
    asking.ended('left');
    idle.stop();
    closing.abort();
  }
}

/** The silence limit after a part; undefined if the part does not change it. */
function limitAfter(part: TextStreamPart<ToolSet>, limits: SilenceLimits): number | undefined {
  if (part.type === 'text-delta') return limits.stallMs;
  return /^(reasoning|tool)/.test(part.type) ? limits.firstTokenMs : undefined;
}

/** The port's end reason. Throws `ModelFailed` for an incomplete answer. */
function endReason(finish: FinishReason, answer: AnswerText): 'complete' | 'length' {
  if (finish === 'content-filter') {
    throw new ModelFailed('refused', 'the provider filtered the answer');
  }
  if (finish === 'interrupted') {
    throw new ModelFailed('cut', 'the stream was closed without a finish');
  }
  if (finish === 'error') {
    throw new ModelFailed('unknown', 'the model finished with an error and no reason');
  }
  if (!answer.written) throw new ModelFailed('empty', `the answer was blank (${finish})`);
  return finish === 'length' ? 'length' : 'complete';
}

/**
 * Text of an answer from the SDK's stream parts. Texts of several steps or messages get a paragraph
 * break, which the SDK omits. Blank text at the start waits for more, so that no answer is blank.
 */
class AnswerText {
  /** Whether there was visible text. */
  written = false;
  #held = '';
  #step = 0;
  #message = '';
  #passage = '';

  /** The text of a part; empty for all but text parts. */
  textOf(part: TextStreamPart<ToolSet>): string {
    if (part.type === 'finish-step') this.#step += 1;
    if (part.type === 'text-start') {
      // Only the Responses API has several messages in an answer, with ids. Elsewhere reasoning may
      // interrupt a text within a word, which is no paragraph.
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

  /** A paragraph break between texts of different steps or messages. */
  #gap(): string {
    const passage = `${this.#step}/${this.#message}`;
    const gap = this.written && passage !== this.#passage ? '\n\n' : '';
    this.#passage = passage;
    return gap;
  }
}

/**
 * Timer for silence of the model. It runs during each read only, so that a slow consumer does not
 * count as a silent model.
 */
export class IdleTimeout {
  readonly #onSilence: (limitMs: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onSilence: (limitMs: number) => void) {
    this.#onSilence = onSilence;
  }

  /** Starts the timer; silence of `limitMs` ms is reported once. */
  start(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onSilence(limitMs), limitMs);
  }

  /** Stops the timer until the next `start`. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
