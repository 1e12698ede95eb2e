import { answer, type Desk, type Hold, type Report } from './answer-turn.ts';
import type { Bookkeeper } from '../intake/usage-recorder.ts';
import { ClaimLost, Interrupted } from '../domain/errors.ts';
import type { Holding, Leases } from '../instances/leases.ts';
import type { LongAnswers } from './answer-ready-notice.ts';
import { persist } from '../timing.ts';
import { type Log, scopedLog } from '../ports/log.ts';
import type { Platform } from '../ports/platform.ts';
import type { Lease, Work } from '../ports/store.ts';
import type { Claim } from '../domain/turn.ts';
import { countTokens } from './prompt.ts';

/** A turn that even its apology cannot end is ended unseen after so many more attempts. */
const unseenAfterMore = 3;

/** What is known of the turn at hand in a conversation. */
export interface AtHand {
  /** Absent while it is being claimed. */
  holding?: Holding;
  /** Turns that were to be stopped before we knew that they are ours. */
  readonly stops: Set<string>;
  /** When the store was last asked for a turn, on the clock of `performance.now()`. */
  askedAt: number;
}

export interface WorkerOptions {
  readonly desk: Desk;
  readonly lease: Lease;
  readonly leases: Leases;
  readonly bookkeeper: Bookkeeper;
  /** Who waited long for an answer is told that it is there; absent where nobody is. */
  readonly longAnswers?: LongAnswers | undefined;
  readonly log: Log;
}

/** Brings turns to their end: answered and finished, or given back for another try. */
export class Worker {
  readonly #options: WorkerOptions;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Answers one turn; resolves to the next. Throws what kept it from its end. */
  async take(work: Work, platform: Platform, job: AtHand): Promise<Work | undefined> {
    const { desk, lease, leases, bookkeeper, longAnswers } = this.#options;
    const { claim, turn } = work;
    const { conversation, id, attempt } = turn;
    const log = scopedLog(this.#options.log, { conversation, turn: id, attempt });
    const startedAt = performance.now();
    const holding = leases.hold(claim, job.askedAt);
    const { stop, leave, tenure } = holding;
    job.holding = holding;
    if (job.stops.delete(id)) stop.abort(new Interrupted('stop'));
    try {
      const signals = { stop: stop.signal, leave: leave.signal };
      const report = await this.#answer(work, platform, log, { ...signals, tenure });
      const { outcome, text } = report.ending;
      const replyTokens = await countTokens(text, desk.breather);
      const finish = () => {
        job.askedAt = performance.now();
        return desk.store.finish(claim, lease, replyTokens);
      };
      const next = await persist(finish, log, leave.signal);
      platform.ended?.(conversation, id, outcome);
      longAnswers?.ended(turn, outcome, report.notice);
      bookkeeper.note(work, report, replyTokens);
      const ms = Math.round(performance.now() - startedAt);
      desk.metrics.turnEnded(platform.name, outcome, ms);
      const { firstTextMs, usage } = report;
      const questions = turn.messages.length;
      log.info({ outcome, questions, chars: text.length, ...usage, firstTextMs, ms }, 'turn done');
      return next;
    } catch (error) {
      platform.abandoned?.(conversation, id);
      return await this.#giveBack(error, claim, log);
    } finally {
      leases.letGo(holding);
      delete job.holding;
    }
  }

  async #answer(work: Work, platform: Platform, log: Log, hold: Hold): Promise<Report> {
    const { turn, claim } = work;
    if (turn.attempt > this.#options.desk.bounds.maxAttempts + unseenAfterMore) {
      const ending = turn.ending ?? { outcome: 'failed' as const, text: '' };
      await this.#options.desk.store.conclude(claim, ending);
      log.error({}, 'turn ended unseen');
      return { ending, usage: {} };
    }
    return answer(work, this.#options.desk, platform, log, hold);
  }

  /** The turn was not brought to its end: somebody else, or we ourselves later, will. */
  async #giveBack(error: unknown, claim: Claim, log: Log): Promise<undefined> {
    const interrupted = error instanceof Interrupted ? error.why : undefined;
    if (interrupted === 'lost' || error instanceof ClaimLost) {
      log.warn({}, 'turn lost to another owner');
      return;
    }
    const forgive = interrupted === 'hand-over';
    await this.#options.desk.store.release(claim, { forgive });
    if (!forgive) throw error;
    log.info({}, 'turn handed over');
  }
}
