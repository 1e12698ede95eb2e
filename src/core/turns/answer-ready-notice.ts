import { withDeadline } from '../timing.ts';
import { RateLimited } from '../domain/errors.ts';
import { type Log, scopedLog } from '../ports/log.ts';
import type { AskerNotice } from '../ports/surface.ts';
import type { ScheduledReply, PacerHandle, CallRequest } from '../reply/pacing/scheduled-reply.ts';
import type { Pacer } from '../reply/pacing/pacer.ts';
import { userTexts } from '../domain/user-texts.ts';
import type { Outcome, Turn } from '../domain/turn.ts';

/** Time after which a notice is dropped, in milliseconds: its asker has seen the answer by then. */
const giveUpAfterMs = 5 * 60_000;
const callTimeoutMs = 10_000;

export interface AnswerReadyNoticesOptions {
  /** Time since the question from which on an answer is a long one, in milliseconds. */
  readonly afterMs: number;
  readonly pacer: Pacer;
  /** Bots are not notified: one might answer. */
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

/** One notice, queued after all calls that show text. */
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
      // Only after a rate limit it was certainly not posted.
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
