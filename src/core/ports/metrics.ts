import type { MessageRefused, ModelFault } from '../domain/errors.ts';
import type { Outcome } from '../domain/turn.ts';
import type { Usage } from './model.ts';

/** How a call to a platform went; `failed`: no answer, or none that is known. */
export type CallResult = 'ok' | 'limited' | 'refused' | 'failed';

/** How a request to a model ended; `left`: nobody wanted more of it, as after a stop. */
export type RequestResult = 'done' | 'left' | ModelFault;

/** Why a question was not taken in; `store`: it could not be stored. */
export type QuestionRefusal = MessageRefused['reason'] | 'store';

/** One request to a model, as it is timed. */
export interface RequestTimer {
  /** There is text. Cheap: called for every delta; the first call counts. */
  gotText(): void;
  /** The request is over. The first call counts. */
  ended(result: RequestResult, usage?: Usage): void;
}

/**
 * What whoever runs the service wants to know of the work, in numbers. Times are in milliseconds.
 * Names are those of platforms, methods and models, of which there are few; never ids of people
 * or conversations, never their words. Nothing here throws.
 */
export interface Metrics {
  /** A person's question is stored, and will be answered. */
  questionAccepted(platform: string): void;
  questionRefused(platform: string, why: QuestionRefusal): void;
  /** `ms`: from the beginning of this attempt. */
  turnEnded(platform: string, outcome: Outcome, ms: number): void;
  /** People see a reply's first text, so long after its turn began, and after the question was sent. */
  firstTextShown(platform: string, sinceBegunMs: number, sinceAskedMs: number): void;
  /** Text is shown, the oldest of which had been unseen for so long. */
  textShown(platform: string, unseenMs: number): void;
  /**
   * A reply is being written; asked now and then how long its oldest text has been unseen, until
   * the function that is returned is called.
   */
  replyStarted(platform: string, unseenMs: () => number): () => void;
  /** @param method of the platform's API, without ids */
  platformCalled(platform: string, method: string, result: CallResult, ms: number): void;
  /** A model is asked from now on. */
  requestStarted(model: string): RequestTimer;
  /** A model failed before its first text, and another one is asked. */
  failedOver(from: string, to: string): void;
}

/** What the core is at, at this moment. */
export interface CoreLoad {
  /** Answers that are being written, and questions in line for the model. */
  readonly writing: number;
  readonly inLine: number;
  /** Conversations that are looked at or worked on here, and turns whose lease is held here. */
  readonly conversations: number;
  readonly leases: number;
  /** An operator wants nothing new to be begun. */
  readonly paused: boolean;
}

const nothing = (): void => undefined;
const unasked: RequestTimer = { gotText: nothing, ended: nothing };

/** For a service that nobody watches. */
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
