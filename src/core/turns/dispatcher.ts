import type { Desk } from './answer-turn.ts';
import type { Bookkeeper } from '../intake/usage-recorder.ts';
import { type ConversationId, partsOf } from '../domain/conversation.ts';
import { Interrupted } from '../domain/errors.ts';
import { Leases } from '../instances/leases.ts';
import { Leftovers, Retries } from '../instances/unclaimed-turns.ts';
import type { LongAnswers } from './answer-ready-notice.ts';
import type { Message } from '../domain/message.ts';
import { Pause } from '../instances/operator.ts';
import { Peers, Reach } from '../instances/load-balancing.ts';
import type { Log } from '../ports/log.ts';
import type { Load } from '../ports/metrics.ts';
import type { Platform } from '../ports/platform.ts';
import type { AcceptOptions, Admission, Lease, Work } from '../ports/store.ts';
import { type AtHand, Worker } from './turn-runner.ts';

/** A conversation that is worked off here. */
interface Job extends AtHand {
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
  readonly #reach = new Reach();
  readonly #peers: Peers;
  readonly #leases: Leases;
  readonly #leftovers: Leftovers;
  readonly #pause: Pause;
  readonly #bookkeeper: Bookkeeper;
  readonly #worker: Worker;
  #draining = false;

  constructor(options: {
    desk: Desk;
    platforms: readonly Platform[];
    bookkeeper: Bookkeeper;
    /** Who waited long for an answer is told that it is there; absent where nobody is. */
    longAnswers?: LongAnswers | undefined;
    lease: Lease;
    log: Log;
  }) {
    this.#desk = options.desk;
    this.#platforms = new Map(options.platforms.map((platform) => [platform.name, platform]));
    this.#lease = options.lease;
    this.#log = options.log;
    this.#bookkeeper = options.bookkeeper;
    const { store, bounds, line } = this.#desk;
    const { owner } = this.#lease;
    this.#peers = new Peers({ store, owner, load: () => this.#ahead, log: this.#log });
    this.#leases = new Leases({ store, lease: this.#lease, log: this.#log });
    this.#worker = new Worker({ ...options, leases: this.#leases });
    this.#leftovers = new Leftovers({
      store,
      platforms: this.#platforms,
      suspectAttempts: bounds.maxAttempts - 1,
      isBusy: (conversation) =>
        this.#pause.isOn || this.#jobs.has(conversation) || this.#retries.isWaiting(conversation),
      places: line.places,
      begin: (conversation) => this.#begin(conversation).done,
      log: this.#log,
    });
    this.#pause = new Pause({ store, log: this.#log, onResume: () => this.#leftovers.look() });
  }

  /** Takes up what was left undone, now and from time to time. */
  start(): void {
    this.#leftovers.start();
    this.#pause.start();
    this.#leases.start();
    this.#desk.store.watch?.({
      ready: (conversation) => this.offer(conversation),
      stop: (conversation, turn) => this.stop(conversation, turn),
      load: (owner, turns) => this.#peers.hear(owner, turns),
    });
    this.#peers.start();
  }

  /** Whether an operator wants nothing new to be begun. */
  get isPaused(): boolean {
    return this.#pause.isOrdered;
  }

  /** How many turns are being worked on here. */
  get running(): number {
    return this.#jobs.size;
  }

  /** What is at hand, for whoever watches the service. */
  get load(): Load {
    const { line } = this.#desk;
    return {
      writing: line.writing,
      inLine: line.waiting,
      conversations: this.#jobs.size,
      leases: this.#leases.count,
      paused: this.isPaused,
    };
  }

  /**
   * Has a message taken in, and its conversation worked off: by this instance in the same step, if
   * no other one has less to do, which saves a trip to the store; or else by whichever comes first.
   * Throws what the store throws.
   */
  async accept(message: Message, options: AcceptOptions): Promise<Admission> {
    const { store } = this.#desk;
    const { conversation, kind } = message;
    // A question may come in before everything has started.
    this.#pause.start();
    const begins = kind === 'question' && !options.stops && this.#ahead <= this.#peers.least;
    if (!begins || !this.#mayBegin(conversation)) {
      const receipt = await store.accept(message, options);
      if (receipt === 'queued') this.offer(conversation);
      return receipt;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Admission>();
    this.#begin(conversation, async () => {
      try {
        const { receipt, work } = await store.acceptAndClaim(message, options, this.#lease);
        resolve(receipt);
        return work;
      } catch (error) {
        reject(error);
        return undefined;
      }
    });
    return promise;
  }

  /** There may be something to do in this conversation. Never throws. */
  wake(conversation: ConversationId): void {
    this.#pause.start();
    const job = this.#jobs.get(conversation);
    if (job !== undefined) job.again = true;
    else if (this.#mayBegin(conversation)) this.#begin(conversation);
  }

  /** There is something to do in this conversation, for whichever instance takes it first. Never throws. */
  offer(conversation: ConversationId): void {
    const ahead = this.#peers.isAlone ? 0 : this.#ahead;
    this.#reach.for(conversation, ahead, () => this.wake(conversation));
  }

  /** Whether this turn is being answered here. */
  answers(conversation: ConversationId, turn: string): boolean {
    return this.#jobs.get(conversation)?.holding?.claim.turn === turn;
  }

  /** Ends this turn, if it is being answered here, keeping its text so far. */
  stop(conversation: ConversationId, turn: string): void {
    const job = this.#jobs.get(conversation);
    if (job === undefined) return;
    if (job.holding?.claim.turn === turn) job.holding.stop.abort(new Interrupted('stop'));
    else job.stops.add(turn);
  }

  /** Begins nothing new from now on: what comes in is only stored. */
  beginNothing(): void {
    this.#draining = true;
    void this.#leftovers.stop();
    this.#reach.stop();
    this.#peers.stop();
    this.#retries.stop();
    this.#pause.stop();
  }

  /**
   * Begins nothing new, waits for the turns at hand, and after `deadlineMs` hands the rest over:
   * the next owner goes on with them in their posted pages. Resolves when nothing runs any more.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.beginNothing();
    const deadline = setTimeout(() => this.#leases.handOver(), deadlineMs);
    await this.#leftovers.stop();
    await Promise.all(Array.from(this.#jobs.values(), (job) => job.done));
    clearTimeout(deadline);
    this.#leases.stop();
    await this.#bookkeeper.settled();
  }

  /** How much else there is to do here, where another instance may have less. */
  get #ahead(): number {
    return this.#desk.store.shared ? this.#jobs.size + this.#reach.count : 0;
  }

  #mayBegin(conversation: ConversationId): boolean {
    if (this.#draining || this.#pause.isOn || this.#jobs.has(conversation)) return false;
    // What just failed is not tried sooner because somebody writes more.
    if (this.#retries.isWaiting(conversation)) return false;
    return this.#platforms.has(partsOf(conversation).platform);
  }

  #begin(conversation: ConversationId, claim = () => this.#claim(conversation)): Job {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const job: Job = { stops: new Set(), again: false, askedAt: 0, done };
    this.#jobs.set(conversation, job);
    void this.#workOff(conversation, job, claim).finally(() => {
      this.#jobs.delete(conversation);
      resolve();
      // Woken between the last look and now: without this the question would strand.
      if (job.again) this.wake(conversation);
    });
    return job;
  }

  #claim(conversation: ConversationId): Promise<Work | undefined> {
    return this.#desk.store.claim(conversation, this.#lease);
  }

  async #workOff(
    conversation: ConversationId,
    job: Job,
    claim: () => Promise<Work | undefined>,
  ): Promise<void> {
    const platform = this.#platforms.get(partsOf(conversation).platform);
    if (platform === undefined) return;
    try {
      job.again = false;
      job.askedAt = performance.now();
      let work = await claim();
      while (work !== undefined) {
        const isLeft = this.#draining || this.#pause.isOn;
        work = isLeft ? await this.#release(work) : await this.#worker.take(work, platform, job);
      }
      this.#retries.succeeded(conversation);
    } catch (error) {
      this.#log.error({ err: error, conversation }, 'conversation interrupted');
      if (!this.#draining) this.#retries.failed(conversation, () => this.wake(conversation));
    }
  }

  async #release(work: Work): Promise<undefined> {
    await this.#desk.store.release(work.claim, { forgive: true });
  }
}
