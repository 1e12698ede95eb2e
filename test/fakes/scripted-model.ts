import type { Model, ModelEvent, ModelRequest } from '../../src/core/ports/model.ts';

/** One request to the model, in a test's hands. */
export class ScriptedAnswer {
  readonly request: ModelRequest;
  readonly #events: ModelEvent[] = [];
  #failure: unknown;
  #wake = Promise.withResolvers<void>();

  constructor(request: ModelRequest) {
    this.request = request;
    request.signal.addEventListener('abort', () => this.#wake.resolve());
  }

  /** What the last question reads. */
  get question(): string {
    return this.request.messages.at(-1)?.text ?? '';
  }

  write(text: string): this {
    return this.#push({ type: 'delta', text });
  }

  end(reason: 'complete' | 'length' = 'complete'): this {
    return this.#push({ type: 'end', reason, usage: { inputTokens: 1, outputTokens: 2 } });
  }

  fail(error: unknown): this {
    this.#failure = error;
    this.#wake.resolve();
    return this;
  }

  async *events(): AsyncGenerator<ModelEvent> {
    for (;;) {
      this.request.signal.throwIfAborted();
      const event = this.#events.shift();
      if (event !== undefined) {
        yield event;
        if (event.type === 'end') return;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }

  #push(event: ModelEvent): this {
    this.#events.push(event);
    this.#wake.resolve();
    return this;
  }
}

/** A model whose words a test gives it, request by request. */
export class ScriptedModel implements Model {
  readonly name = 'scripted';
  readonly answers: ScriptedAnswer[] = [];
  /** Called with each new request, such as to answer at once. */
  onRequest: (writing: ScriptedAnswer) => void = () => undefined;

  stream(request: ModelRequest): AsyncIterable<ModelEvent> {
    const writing = new ScriptedAnswer(request);
    this.answers.push(writing);
    this.onRequest(writing);
    return writing.events();
  }
}
