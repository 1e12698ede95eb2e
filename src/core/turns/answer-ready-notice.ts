import { withDeadline } from '../timing.ts';
import { RateLimited } from '../domain/errors.ts';
import { type Log, scopedLog } from '../ports/log.ts';
import type { AskerNotice } from '../ports/surface.ts';
import type { ScheduledReply, PacerHandle, CallRequest } from '../reply/pacing/scheduled-reply.ts';
import type { Pacer } from '../reply/pacing/pacer.ts';
import { userTexts } from '../domain/user-texts.ts';
import type { Outcome, Turn } from '../domain/turn.ts';

/** Whoever could not be called for so long has seen the answer by then, in milliseconds. */
const giveUpAfterMs = 5 * 60_000;
const callTimeoutMs = 10_000;

export interface AnswerReadyNoticesOptions {
  /** An answer that took longer from its question on is a long one, in milliseconds. */
  readonly afterMs: number;
  readonly pacer: Pacer;
  /** Nobody is behind a bot who could be called; one might even answer. */
  readonly isBot: (author: string) => boolean;
  readonly log: Log;
}

/**
 * Calls whoever waited long for an answer once it is there, as edits call nobody. At most once for
 * each turn, whatever happens: a notice that is lost is better than a second one.
 */
export class AnswerReadyNotices {
  readonly #options: AnswerReadyNoticesOptions;

  constructor(options: AnswerReadyNoticesOptions) {
    this.#options = options;
  }

  /** The turn is finished, here and for good. Never throws, and nothing waits for it. */
  onTurnEnded(
    { id, messages }: Pick<Turn, 'id' | 'messages'>,
    outcome: Outcome,
    notice: AskerNotice | undefined,
  ): void {
    const { afterMs, isBot } = this.#options;
    const question = messages.findLast(({ kind }) => kind === 'question');
    if (notice === undefined || question === undefined || outcome === 'stopped') return;
    if (Date.now() - question.sentAt <= afterMs || isBot(question.author.id)) return;
    const { conversation } = question;
    const log = scopedLog(this.#options.log, { conversation, turn: id });
    new NoticeCall(notice, { ...this.#options, log }).begin();
  }
}

/** One notice in line for its budgets, behind all that shows people words. */
class NoticeCall implements ScheduledReply {
  readonly #notice: AskerNotice;
  readonly #log: Log;
  readonly #place: PacerHandle;
  readonly #since = performance.now();
  #over = false;

  constructor(notice: AskerNotice, { pacer, log }: AnswerReadyNoticesOptions) {
    this.#notice = notice;
    this.#log = log;
    this.#place = pacer.register(this, undefined, log);
  }

  begin(): void {
    this.#place.changed();
  }

  callRequest(): CallRequest | undefined {
    if (performance.now() - this.#since > giveUpAfterMs) this.#end();
    if (this.#over) return undefined;
    const { budgets } = this.#notice;
    return { priority: 'live', budgets, unseenSince: this.#since, unseenChars: 0, notBefore: 0 };
  }

  async perform(): Promise<boolean> {
    const { signal } = new AbortController();
    try {
      await withDeadline(callTimeoutMs, signal, (end) =>
        this.#notice.post(userTexts.answerIsReady, end),
      );
    } catch (error) {
      // Only then it was certainly not posted.
      if (error instanceof RateLimited) throw error;
      this.#log.warn({ err: error }, 'nobody told of a long answer');
    }
    this.#end();
    return true;
  }

  #end(): void {
    this.#over = true;
    this.#place.unregister();
  }
}
