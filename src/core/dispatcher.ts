import { answer, type Desk, type Report } from './answer.ts';
import { type ConversationId, partsOf } from './conversation.ts';
import { backoffMs } from './deadline.ts';
import { ClaimLost } from './errors.ts';
import { Interrupted } from './interrupted.ts';
import { persist } from './patience.ts';
import type { Log } from './ports/log.ts';
import type { Platform } from './ports/platform.ts';
import type { Lease, Waiting, Work } from './ports/store.ts';
import { scopedLog } from './scoped-log.ts';
import type { Claim } from './turn.ts';
import { countTokens } from './tokens.ts';

/** A conversation that nobody woke is found after this long, in milliseconds. */
const lookEveryMs = 10_000;
const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;
/** A turn that even its apology cannot end is ended unseen after so many more attempts. */
const unseenAfterMore = 3;

/** A conversation that is worked off here. */
interface Job {
  /** The turn at hand; absent while it is being claimed. */
  claim?: Claim;
  interrupt?: AbortController;
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
  readonly #retries = new Map<ConversationId, { tries: number; timer: NodeJS.Timeout }>();
  #timers: NodeJS.Timeout[] = [];
  #looking: Promise<void> = Promise.resolve();
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
    if (this.#draining) return;
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
    if (job.claim?.turn === turn) job.interrupt?.abort(new Interrupted('stop'));
    else job.stops.add(turn);
  }

  /**
   * Begins nothing new, waits for the turns at hand, and after `deadlineMs` hands the rest over:
   * the next owner goes on with them in their posted pages. Resolves when nothing runs any more.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const { timer } of this.#retries.values()) clearTimeout(timer);
    const deadline = setTimeout(() => {
      for (const job of this.#jobs.values()) job.interrupt?.abort(new Interrupted('hand-over'));
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
      this.#retries.delete(conversation);
    } catch (error) {
      this.#log.error({ err: error, conversation }, 'conversation interrupted');
      this.#retryLater(conversation);
    }
  }

  /** Answers one turn; resolves to the next. */
  async #take(work: Work, platform: Platform, job: Job): Promise<Work | undefined> {
    const { claim, turn } = work;
    const { conversation, id, attempt } = turn;
    const log = scopedLog(this.#log, { conversation, turn: id, attempt });
    const startedAt = performance.now();
    const interrupt = new AbortController();
    job.claim = claim;
    job.interrupt = interrupt;
    if (job.stops.delete(id)) interrupt.abort(new Interrupted('stop'));
    try {
      const report = await this.#answer(work, platform, log, interrupt.signal);
      const { outcome, text } = report.ending;
      const finish = () => this.#desk.store.finish(claim, this.#lease, countTokens(text));
      const next = await persist(finish, log, interrupt.signal);
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
      delete job.interrupt;
    }
  }

  async #answer(work: Work, platform: Platform, log: Log, signal: AbortSignal): Promise<Report> {
    const { turn, claim } = work;
    if (turn.attempt > this.#desk.bounds.maxAttempts + unseenAfterMore) {
      const ending = turn.ending ?? { outcome: 'failed' as const, text: '' };
      await this.#desk.store.conclude(claim, ending);
      log.error({}, 'turn ended unseen');
      return { ending, usage: {} };
    }
    return answer(work, this.#desk, platform, log, signal);
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

  #retryLater(conversation: ConversationId): void {
    if (this.#draining) return;
    const tries = (this.#retries.get(conversation)?.tries ?? 0) + 1;
    const timer = setTimeout(
      () => this.wake(conversation),
      backoffMs(tries, firstRetryMs, slowestRetryMs),
    );
    this.#retries.set(conversation, { tries, timer });
  }

  #look(): void {
    const before = this.#looking;
    this.#looking = before
      .then(() => this.#takeUp())
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, 'store not looked through');
      });
  }

  /**
   * Takes up what waits. Turns that were cut off twice are suspects, one of which may be what
   * kills the process: they go one after another, so that an innocent one is not counted out
   * with it.
   */
  async #takeUp(): Promise<void> {
    const suspects: Waiting[] = [];
    for (const waiting of await this.#desk.store.waiting()) {
      if (this.#jobs.has(waiting.conversation) || this.#retries.has(waiting.conversation)) continue;
      if (!this.#platforms.has(partsOf(waiting.conversation).platform)) continue;
      if (waiting.attempts >= this.#desk.bounds.maxAttempts - 1) suspects.push(waiting);
      else this.wake(waiting.conversation);
    }
    for (const { conversation } of suspects) {
      if (this.#draining || this.#jobs.has(conversation)) continue;
      await this.#begin(conversation).done;
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
        if (job.claim && lost.has(job.claim.turn)) job.interrupt?.abort(new Interrupted('lost'));
      }
    } catch (error) {
      this.#log.warn({ err: error, claims: claims.length }, 'leases not renewed');
    }
  }
}
