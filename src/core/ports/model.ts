// Tested by test/integration/models.test.ts
/** One turn of the dialogue as the model reads it. */
export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface ModelRequest {
  /** The persona. */
  readonly instructions: string;
  /** Oldest first; the last one is from a user. */
  readonly messages: readonly PromptMessage[];
  /** Ends the request at once; the stream then throws the signal's reason. */
  readonly signal: AbortSignal;
}

export interface Usage {
  /** The name of the model that wrote, where there are several. */
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

export type ModelEvent =
  | {
      readonly type: 'delta';
      readonly text: string;
      /** The model that writes, where there are several: with the first delta at least. */
      readonly model?: string;
    }
  /** Always the last event of a stream that ended well, exactly once. */
  | {
      readonly type: 'end';
      /** `length`: the model's own limit cut the answer. */
      readonly reason: 'complete' | 'length';
      readonly usage: Usage;
    };

/**
 * A language model, or several of which one answers.
 *
 * An implementation retries transient faults before the first delta itself, with backoff. It throws
 * `ModelFailed`, or the signal's reason after an abort; nothing else. The trap: a stream that ends
 * without an `end` event was cut, and must throw `ModelFailed`, or half an answer passes as whole.
 */
export interface Model {
  /** For the start line and the logs, such as `gpt-5-mini` or `demo`. */
  readonly name: string;
  stream(request: ModelRequest): AsyncIterable<ModelEvent>;
}
