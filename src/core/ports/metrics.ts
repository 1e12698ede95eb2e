// Tested by test/integration/metrics.test.ts
import type { MessageRefused, ModelFault } from '../domain/errors.ts';
import type { Outcome } from '../domain/turn.ts';
import type { Usage } from './model.ts';

/** Result of a call to a platform; `failed`: no answer, or none that is known. */
export type CallResult = 'ok' | 'limited' | 'refused' | 'failed';

/** Result of a request to a model; `left`: it was aborted, as after a stop. */
export type RequestResult = 'done' | 'left' | ModelFault;

/** Why a question was not accepted; `store`: it could not be stored. */
export type QuestionRefusal = MessageRefused['reason'] | 'store';

/** Times one request to a model. */
export interface RequestTimer {
  /** Text has arrived. Cheap: called for every delta; the first call counts. */
  gotText(): void;
  /** The request is over. The first call counts. */
  ended(result: RequestResult, usage?: Usage): void;
}

/**
 * Figures for the operator. Times are in milliseconds; no method throws. The trap: an argument
 * becomes a label, so it must be one of few (a platform, a method, a model), never an id of a person
 * or a conversation.
 */
export interface Metrics {
  /** A question is stored, and will be answered. */
  questionAccepted(platform: string): void;
  questionRefused(platform: string, why: QuestionRefusal): void;
  /** `ms`: from the beginning of this attempt. */
  turnEnded(platform: string, outcome: Outcome, ms: number): void;
  /** People see a reply's first text; times since its turn began, and since the question was sent. */
  firstTextShown(platform: string, sinceBegunMs: number, sinceAskedMs: number): void;
  /** Text is shown; `unseenMs`: time for which the oldest of it had been unseen. */
  textShown(platform: string, unseenMs: number): void;
  /**
   * A reply is being written. `unseenMs` is asked now and then for how long its oldest text has been
   * unseen, until the returned function is called.
   */
  replyStarted(platform: string, unseenMs: () => number): () => void;
  /** @param method of the platform's API, without ids */
  platformCalled(platform: string, method: string, result: CallResult, ms: number): void;
  /** A request to a model begins. */
  requestStarted(model: string): RequestTimer;
  /** A model failed before its first text, and another one is asked. */
  failedOver(from: string, to: string): void;
}

/** The core's work at this moment. */
export interface CoreLoad {
  /** Answers that are being written, and questions queued for the model. */
  readonly writing: number;
  readonly inLine: number;
  /** Conversations that are claimed or processed here, and turns whose lease is held here. */
  readonly conversations: number;
  readonly leases: number;
  /** An operator paused new turns. */
  readonly paused: boolean;
}

const nothing = (): void => undefined;
const unasked: RequestTimer = { gotText: nothing, ended: nothing };

/** For a service without metrics. */
export const noMetrics: Metrics = {
  questionAccepted: nothing,
  questionRefused: nothing,
  turnEnded: nothing,
  firstTextShown: nothing,
  textShown: nothing,
  replyStarted: () => nothing,
  platformCalled: nothing,
  requestStarted: () => unasked,
  failedOver: nothing,
};
