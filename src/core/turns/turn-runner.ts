// Tested by test/integration/turns.test.ts
import { answerTurn, type TurnReport, type TurnServices, type TurnSignals } from './answer-turn.ts';
import type { UsageRecorder } from './usage-recorder.ts';
import { ClaimLost, TurnInterrupted } from '../domain/errors.ts';
import type { HeldTurn, Leases } from '../instances/leases.ts';
import type { AnswerReadyNotices } from './answer-ready-notice.ts';
import { retryWhileStoreIsDown } from '../timing.ts';
import { type Log, scopedLog } from '../ports/log.ts';
import type { ReplyProgress } from '../reply/live-reply.ts';
import { nameOf } from '../reply/pacing/reply-waits.ts';
import type { Platform } from '../ports/platform.ts';
import type { ClaimedTurn, Lease } from '../ports/store.ts';
import type { Claim } from '../domain/turn.ts';
import { countTokens } from './prompt.ts';

/** Further attempts after which a turn ends without a reply, if not even its apology can be shown. */
const unseenAfterMore = 3;

/** The turn in progress in a conversation. */
export interface ActiveTurn {
  /** Absent while it is being claimed. */
  held?: HeldTurn;
  /** Turns that were stopped before it was known that they are claimed here. */
  readonly pendingStops: Set<string>;
  /** When the store was last asked for a turn, on the clock of `performance.now()`. */
  askedAt: number;
}

export interface TurnRunnerOptions {
  readonly services: TurnServices;
  readonly lease: Lease;
  readonly leases: Leases;
  readonly usageRecorder: UsageRecorder;
  /** Notifies askers who waited long; absent where that is off. */
  readonly answerReadyNotices?: AnswerReadyNotices | undefined;
  readonly log: Log;
}

/** What `turn done` tells of how people came to see the reply. */
function seen(progress: ReplyProgress | undefined): Record<string, unknown> {
  if (progress === undefined) return {};
  const { posts, edits, longestUnseenMs, waits } = progress;
  const [longest] = waits;
  return {
    posts,
    edits,
    longestUnseenMs,
    ...(longest === undefined ? {} : { waitedFor: nameOf(longest), waitedMs: longest.ms }),
  };
}

/** Brings turns to their end: answered and finished, or released for another attempt. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
  }

  /** Answers one turn; resolves to the next. Throws what kept it from its end. */
  async run(
    work: ClaimedTurn,
    platform: Platform,
    active: ActiveTurn,
  ): Promise<ClaimedTurn | undefined> {
    const { services, lease, leases, usageRecorder, answerReadyNotices } = this.#options;
    const { claim, turn } = work;
    const { conversation, id, attempt } = turn;
    const log = scopedLog(this.#options.log, { conversation, turn: id, attempt });
    const startedAt = performance.now();
    const held = leases.add(claim, active.askedAt);
    const { stop, abandon, leaseWindow } = held;
    active.held = held;
    if (active.pendingStops.delete(id)) stop.abort(new TurnInterrupted('stop'));
    try {
      const signals = { stop: stop.signal, abandon: abandon.signal };
      const report = await this.#answer(work, platform, log, { ...signals, leaseWindow });
      const { outcome, text } = report.ending;
      const replyTokens = await countTokens(text, services.eventLoop);
      const finish = () => {
        active.askedAt = performance.now();
        return services.store.finish(claim, lease, replyTokens);
      };
      const next = await retryWhileStoreIsDown(finish, log, abandon.signal);
      platform.onTurnEnded?.(conversation, id, outcome);
      answerReadyNotices?.onTurnEnded(turn, outcome, report.notice);
      usageRecorder.record(work, report, replyTokens);
      const ms = Math.round(performance.now() - startedAt);
      services.metrics.turnEnded(platform.name, outcome, ms);
      const { firstTextMs, usage } = report;
      const fields = { outcome, questions: turn.messages.length, chars: text.length, ...usage };
      log.info({ ...fields, firstTextMs, ...seen(report.progress), ms }, 'turn done');
      return next;
    } catch (error) {
      platform.onTurnAbandoned?.(conversation, id);
      return await this.#release(error, claim, log);
    } finally {
      leases.remove(held);
      delete active.held;
    }
  }

  async #answer(
    work: ClaimedTurn,
    platform: Platform,
    log: Log,
    hold: TurnSignals,
  ): Promise<TurnReport> {
    const { turn, claim } = work;
    if (turn.attempt > this.#options.services.limits.maxAttempts + unseenAfterMore) {
      const ending = turn.ending ?? { outcome: 'failed' as const, text: '' };
      await this.#options.services.store.storeEnding(claim, ending);
      log.error({}, 'turn ended without a reply');
      return { ending, usage: {} };
    }
    return answerTurn(work, this.#options.services, platform, log, hold);
  }

  /** The turn did not end: another instance, or this one later, goes on with it. */
  async #release(error: unknown, claim: Claim, log: Log): Promise<undefined> {
    const interrupted = error instanceof TurnInterrupted ? error.reason : undefined;
    if (interrupted === 'lost' || error instanceof ClaimLost) {
      log.warn({}, 'turn lost to another owner');
      return;
    }
    const countAttempt = interrupted !== 'hand-over';
    await this.#options.services.store.release(claim, { countAttempt });
    if (countAttempt) throw error;
    log.info({}, 'turn handed over');
  }
}
