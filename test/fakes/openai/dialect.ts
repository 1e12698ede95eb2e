export type FinishReason = 'stop' | 'length' | 'content-filter';

export interface TokenCounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** One answer's state, for the ids and numbers that frames repeat. */
export interface AnswerState {
  readonly id: string;
  /** How many items (messages, reasonings) the answer has so far. */
  items: number;
  /** The kind of the item that is being written; undefined between two items. */
  open: 'message' | 'reasoning' | undefined;
}

/** One of OpenAI's APIs: which frames say what. A frame is an object, or a bare string. */
export interface Dialect {
  readonly api: 'responses' | 'chat';
  begin(state: AnswerState): Frame[];
  text(state: AnswerState, delta: string): Frame[];
  reasoning(state: AnswerState, delta: string): Frame[];
  /** Ends the item that is being written, if any. */
  endItem(state: AnswerState): Frame[];
  finish(state: AnswerState, reason: FinishReason, usage: TokenCounts): Frame[];
  error(error: ErrorBody): Frame[];
}

export type Frame = Record<string, unknown> | string;

export interface ErrorBody {
  readonly message: string;
  readonly type?: string;
  readonly code?: string | null;
}
