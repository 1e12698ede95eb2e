import { answer, type AnswerSignals, type Desk, type Report } from './answer.ts';
import { type ConversationId, partsOf } from './conversation.ts';
import { ClaimLost } from './errors.ts';
import { Interrupted } from './interrupted.ts';
import { persist } from './patience.ts';
import type { Log } from './ports/log.ts';
import type { Platform } from './ports/platform.ts';
import type { Lease, Work } from './ports/store.ts';
import { Retries } from './retries.ts';
import { scopedLog } from './scoped-log.ts';
import type { Claim } from './turn.ts';
import { countTokens } from './tokens.ts';

/** A conversation that nobody woke is found after this long, in milliseconds. */
const lookEveryMs = 10_000;
/** A turn that was cut off twice is worked on alone for this long, in milliseconds. */
const aloneForMs = 30_000;
/** A turn that even its apology cannot end is ended unseen after so many more attempts. */
const unseenAfterMore = 3;

/** A conversation that is worked off here. */
interface Job {
  /** The turn at hand; absent while it is being claimed. */
  claim?: Claim;
  /** A person wants it to end. */
  stop?: AbortController;
  /** It has to be left: handed over, or lost already. Beside `stop`, as a stop may come before. */
  leave?: AbortController;
  /** Turns that were to be stopped before we knew that they are ours. */
  readonly stops: Set<string>;
  /** It was woken meanwhile: look again before it is left. */
  again: boolean;
  readonly done: Promise<void>;
}

/**
 * Works conversations off: becomes the owner of one that has something to do, answers turn after
 * turn, one at a time, and lets go when nothing is left. What a crash interrupted is found again
 * by `start`.
 */
export class Dispatcher {
  readonly #desk: Desk;
  readonly #platforms: ReadonlyMap<string, Platform>;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #jobs = new Map<ConversationId, Job>();
  readonly #retries = new Retries();
  #timers: NodeJS.Timeout[] = [];
  #looking: Promise<void> = Promise.resolve();
  #trying = false;
  #draining = false;

  constructor(options: { desk: Desk; platforms: readonly Platform[]; lease: Lease; log: Log }) {
    this.#desk = options.desk;
    this.#platforms = new Map(options.platforms.map((platform) => [platform.name, platform]));
    this.#lease = options.lease;
    this.#log = options.log;
  }

  /** Takes up what was left undone, now and from time to time. */
  start(): void {
    this.#look();
    this.#timers = [
      setInterval(() => this.#look(), lookEveryMs),
      setInterval(() => void this.#renew(), this.#lease.leaseMs / 3),
    ];
  }

  /** How many turns are being worked on here. */
  get running(): number {
    return this.#jobs.size;
  }

  /** There may be something to do in this conversation. Never throws. */
  wake(conversation: ConversationId): void {
    // What just failed is not tried sooner because somebody writes more.
    if (this.#draining || this.#retries.isWaiting(conversation)) return;
    const job = this.#jobs.get(conversation);
    if (job !== undefined) {
      job.again = true;
      return;
    }
    this.#begin(conversation);
  }

  /** Ends this turn, if it is being answered here, keeping its text so far. */
  stop(conversation: ConversationId, turn: string): void {
    const job = this.#jobs.get(conversation);
    if (job === undefined) return;
    if (job.claim?.turn === turn) job.stop?.abort(new Interrupted('stop'));
    else job.stops.add(turn);
  }

  /**
   * Begins nothing new, waits for the turns at hand, and after `deadlineMs` hands the rest over:
   * the next owner goes on with them in their posted pages. Resolves when nothing runs any more.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#retries.stop();
    const deadline = setTimeout(() => {
      for (const job of this.#jobs.values()) job.leave?.abort(new Interrupted('hand-over'));
    }, deadlineMs);
    await Promise.all([this.#looking, ...Array.from(this.#jobs.values(), (job) => job.done)]);
    clearTimeout(deadline);
  }

  #begin(conversation: ConversationId): Job {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const job: Job = { stops: new Set(), again: false, done };
    this.#jobs.set(conversation, job);
    void this.#workOff(conversation, job).finally(() => {
      this.#jobs.delete(conversation);
      resolve();
      // Woken between the last look and now: without this the question would strand.
      if (job.again) this.wake(conversation);
    });
    return job;
  }

  async #workOff(conversation: ConversationId, job: Job): Promise<void> {
    const platform = this.#platforms.get(partsOf(conversation).platform);
    if (platform === undefined) return;
    try {
      job.again = false;
      let work = await this.#desk.store.claim(conversation, this.#lease);
      while (work !== undefined) {
        work = this.#draining ? await this.#release(work) : await this.#take(work, platform, job);
      }
      this.#retries.succeeded(conversation);
    } catch (error) {
      this.#log.error({ err: error, conversation }, 'conversation interrupted');
      if (!this.#draining) this.#retries.failed(conversation, () => this.wake(conversation));
    }
  }

  /** Answers one turn; resolves to the next. */
  async #take(work: Work, platform: Platform, job: Job): Promise<Work | undefined> {
    const { claim, turn } = work;
    const { conversation, id, attempt } = turn;
    const log = scopedLog(this.#log, { conversation, turn: id, attempt });
    const startedAt = performance.now();
    const stop = new AbortController();
    const leave = new AbortController();
    Object.assign(job, { claim, stop, leave });
    if (job.stops.delete(id)) stop.abort(new Interrupted('stop'));
    try {
      const report = await this.#answer(work, platform, log, {
        stop: stop.signal,
        leave: leave.signal,
      });
      const { outcome, text } = report.ending;
      const finish = () => this.#desk.store.finish(claim, this.#lease, countTokens(text));
      const next = await persist(finish, log, leave.signal);
      platform.ended?.(conversation, id, outcome);
      const ms = Math.round(performance.now() - startedAt);
      const { firstTextMs, usage } = report;
      const questions = turn.messages.length;
      log.info({ outcome, questions, chars: text.length, ...usage, firstTextMs, ms }, 'turn done');
      return next;
    } catch (error) {
      return await this.#giveBack(error, claim, log);
    } finally {
      delete job.claim;
      delete job.stop;
      delete job.leave;
    }
  }

  async #answer(work: Work, platform: Platform, log: Log, signals: AnswerSignals): Promise<Report> {
    const { turn, claim } = work;
    if (turn.attempt > this.#desk.bounds.maxAttempts + unseenAfterMore) {
      const ending = turn.ending ?? { outcome: 'failed' as const, text: '' };
      await this.#desk.store.conclude(claim, ending);
      log.error({}, 'turn ended unseen');
      return { ending, usage: {} };
    }
    return answer(work, this.#desk, platform, log, signals);
  }

  /** The turn was not brought to its end: somebody else, or we ourselves later, will. */
  async #giveBack(error: unknown, claim: Claim, log: Log): Promise<undefined> {
    const interrupted = error instanceof Interrupted ? error.why : undefined;
    if (interrupted === 'lost' || error instanceof ClaimLost) {
      log.warn({}, 'turn lost to another owner');
      return;
    }
    const forgive = interrupted === 'hand-over';
    await this.#desk.store.release(claim, { forgive });
    if (!forgive) throw error;
    log.info({}, 'turn handed over');
  }

  async #release(work: Work): Promise<undefined> {
    await this.#desk.store.release(work.claim, { forgive: true });
  }

  #look(): void {
    const before = this.#looking;
    this.#looking = before
      .then(() => this.#takeUp())
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, 'store not looked through');
      });
  }

  /** Takes up what waits. */
  async #takeUp(): Promise<void> {
    const suspects: ConversationId[] = [];
    for (const { conversation, attempts } of await this.#desk.store.waiting()) {
      if (this.#jobs.has(conversation)) continue;
      if (!this.#platforms.has(partsOf(conversation).platform)) continue;
      if (attempts >= this.#desk.bounds.maxAttempts - 1) suspects.push(conversation);
      else this.wake(conversation);
    }
    if (suspects.length === 0 || this.#trying) return;
    this.#trying = true;
    void this.#tryAlone(suspects).finally(() => (this.#trying = false));
  }

  /**
   * Turns that were cut off twice are suspects, one of which may be what kills the process: each
   * is alone for a while, so that an innocent one is not counted out with it.
   */
  async #tryAlone(suspects: readonly ConversationId[]): Promise<void> {
    for (const conversation of suspects) {
      if (this.#draining) return;
      if (this.#jobs.has(conversation) || this.#retries.isWaiting(conversation)) continue;
      const alone = Promise.withResolvers<void>();
      const timer = setTimeout(alone.resolve, aloneForMs);
      await Promise.race([this.#begin(conversation).done, alone.promise]);
      clearTimeout(timer);
    }
  }

  async #renew(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    const claims = jobs.flatMap((job) => job.claim ?? []);
    if (claims.length === 0) return;
    try {
      const lost = new Set(
        (await this.#desk.store.renew(claims, this.#lease)).map((claim) => claim.turn),
      );
      for (const job of jobs) {
        if (job.claim && lost.has(job.claim.turn)) job.leave?.abort(new Interrupted('lost'));
      }
    } catch (error) {
      this.#log.warn({ err: error, claims: claims.length }, 'leases not renewed');
    }
  }
}
