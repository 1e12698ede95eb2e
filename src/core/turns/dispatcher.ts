// Tested by test/integration/turns.test.ts
import type { TurnServices } from './answer-turn.ts';
import type { UsageRecorder } from './usage-recorder.ts';
import { type ConversationId, parseConversationId } from '../domain/conversation.ts';
import { TurnInterrupted } from '../domain/errors.ts';
import { Leases } from '../instances/leases.ts';
import { ConversationRetries, UnclaimedTurnPoller } from '../instances/unclaimed-turns.ts';
import type { AnswerReadyNotices } from './answer-ready-notice.ts';
import type { Message } from '../domain/message.ts';
import { OperatorPause } from '../instances/operator.ts';
import { InstanceLoads, StaggeredClaims } from '../instances/load-balancing.ts';
import type { Log } from '../ports/log.ts';
import type { CoreLoad } from '../ports/metrics.ts';
import type { ReplyProgress } from '../reply/live-reply.ts';
import type { Platform } from '../ports/platform.ts';
import type { AcceptOptions, AcceptResult, ClaimedTurn, Lease } from '../ports/store.ts';
import { type ActiveTurn, TurnRunner } from './turn-runner.ts';

/** A conversation that is processed here. */
interface ActiveConversation extends ActiveTurn {
  /** It was woken meanwhile: claim again before it is released. */
  again: boolean;
  readonly done: Promise<void>;
}

/**
 * Works conversations off: becomes the owner of one that has something to do, answers turn after
 * turn, one at a time, and lets go when nothing is left. What a crash interrupted is found again
 * by `start`.
 */
export class Dispatcher {
  readonly #services: TurnServices;
  readonly #platforms: ReadonlyMap<string, Platform>;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #active = new Map<ConversationId, ActiveConversation>();
  readonly #retries = new ConversationRetries();
  readonly #claims = new StaggeredClaims();
  readonly #loads: InstanceLoads;
  readonly #leases: Leases;
  readonly #unclaimed: UnclaimedTurnPoller;
  readonly #pause: OperatorPause;
  readonly #usageRecorder: UsageRecorder;
  readonly #runner: TurnRunner;
  #draining = false;

  constructor(options: {
    services: TurnServices;
    platforms: readonly Platform[];
    usageRecorder: UsageRecorder;
    /** Notifies askers who waited long; absent where that is off. */
    answerReadyNotices?: AnswerReadyNotices | undefined;
    lease: Lease;
    log: Log;
  }) {
    this.#services = options.services;
    this.#platforms = new Map(options.platforms.map((platform) => [platform.name, platform]));
    this.#lease = options.lease;
    this.#log = options.log;
    this.#usageRecorder = options.usageRecorder;
    const { store, limits, modelQueue } = this.#services;
    const { owner } = this.#lease;
    this.#loads = new InstanceLoads({ store, owner, load: () => this.#pending, log: this.#log });
    this.#leases = new Leases({ store, lease: this.#lease, log: this.#log });
    this.#runner = new TurnRunner({ ...options, leases: this.#leases });
    this.#unclaimed = new UnclaimedTurnPoller({
      store,
      platforms: this.#platforms,
      suspectAttempts: limits.maxAttempts - 1,
      isBusy: (conversation) =>
        this.#pause.blocksNewTurns ||
        this.#active.has(conversation) ||
        this.#retries.isWaiting(conversation),
      slots: modelQueue.slots,
      process: (conversation) => this.#start(conversation).done,
      log: this.#log,
    });
    this.#pause = new OperatorPause({
      store,
      log: this.#log,
      onResume: () => this.#unclaimed.poll(),
    });
  }

  /** Claims turns without an owner, now and from time to time. */
  start(): void {
    this.#unclaimed.start();
    this.#pause.start();
    this.#leases.start();
    this.#services.store.channel?.watch({
      ready: (conversation) => this.offerToAll(conversation),
      stop: (conversation, turn) => this.stop(conversation, turn),
      load: (owner, turns) => this.#loads.update(owner, turns),
    });
    this.#loads.start();
  }

  /** Whether an operator paused new turns. */
  get isPaused(): boolean {
    return this.#pause.isPaused;
  }

  /** Number of conversations that are processed here. */
  get running(): number {
    return this.#active.size;
  }

  /** The work in progress, for metrics. */
  get load(): CoreLoad {
    const { modelQueue } = this.#services;
    return {
      writing: modelQueue.writing,
      inLine: modelQueue.waiting,
      conversations: this.#active.size,
      leases: this.#leases.count,
      paused: this.isPaused,
    };
  }

  /**
   * Has a message taken in, and its conversation worked off: by this instance in the same step, if
   * no other one has less to do, which saves a trip to the store; or else by whichever comes first.
   * Throws what the store throws.
   */
  async accept(message: Message, options: AcceptOptions): Promise<AcceptResult> {
    const { store } = this.#services;
    const { conversation, kind } = message;
    // A question may come in before everything has started.
    this.#pause.start();
    const begins = kind === 'question' && !options.stops && this.#pending <= this.#loads.lowest;
    if (!begins || !this.#mayClaim(conversation)) {
      const receipt = await store.accept(message, options);
      if (receipt === 'queued') this.offerToAll(conversation);
      return receipt;
    }
    const { promise, resolve, reject } = Promise.withResolvers<AcceptResult>();
    this.#start(conversation, async () => {
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
    const active = this.#active.get(conversation);
    if (active !== undefined) active.again = true;
    else if (this.#mayClaim(conversation)) this.#start(conversation);
  }

  /** There is something to do in this conversation, for the instance that claims it first. Never throws. */
  offerToAll(conversation: ConversationId): void {
    const ahead = this.#loads.isAlone ? 0 : this.#pending;
    this.#claims.schedule(conversation, ahead, () => this.wake(conversation));
  }

  /** Whether this turn is being answered here. */
  isAnswering(conversation: ConversationId, turn: string): boolean {
    return this.#active.get(conversation)?.held?.claim.turn === turn;
  }

  /** How the reply of this turn is doing, if it is written here. */
  progressOf(turn: string): ReplyProgress | undefined {
    return this.#services.replies.get(turn)?.progress;
  }

  /** Ends this turn, if it is being answered here, keeping its text so far. */
  stop(conversation: ConversationId, turn: string): void {
    const active = this.#active.get(conversation);
    if (active === undefined) return;
    if (active.held?.claim.turn === turn) active.held.stop.abort(new TurnInterrupted('stop'));
    else active.pendingStops.add(turn);
  }

  /** Begins no turn from now on: new messages are only stored. */
  stopClaiming(): void {
    this.#draining = true;
    void this.#unclaimed.stop();
    this.#claims.stop();
    this.#loads.stop();
    this.#retries.stop();
    this.#pause.stop();
  }

  /**
   * Begins nothing new, waits for the turns at hand, and after `deadlineMs` hands the rest over:
   * the next owner goes on with them in their posted pages. Resolves when nothing runs any more.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.stopClaiming();
    const deadline = setTimeout(() => this.#leases.handOverAll(), deadlineMs);
    await this.#unclaimed.stop();
    await Promise.all(Array.from(this.#active.values(), (active) => active.done));
    clearTimeout(deadline);
    this.#leases.stop();
    await this.#usageRecorder.settled();
  }

  /** Turns in progress or delayed here, where another instance may have fewer. */
  get #pending(): number {
    return this.#services.store.shared ? this.#active.size + this.#claims.pendingCount : 0;
  }

  #mayClaim(conversation: ConversationId): boolean {
    if (this.#draining || this.#pause.blocksNewTurns || this.#active.has(conversation))
      return false;
    // A new message does not shorten the delay after a failure.
    if (this.#retries.isWaiting(conversation)) return false;
    return this.#platforms.has(parseConversationId(conversation).platform);
  }

  #start(
    conversation: ConversationId,
    claim = () => this.#claim(conversation),
  ): ActiveConversation {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const active: ActiveConversation = { pendingStops: new Set(), again: false, askedAt: 0, done };
    this.#active.set(conversation, active);
    void this.#process(conversation, active, claim).finally(() => {
      this.#active.delete(conversation);
      resolve();
      // Woken between the last claim and now: without this the question would strand.
      if (active.again) this.wake(conversation);
    });
    return active;
  }

  #claim(conversation: ConversationId): Promise<ClaimedTurn | undefined> {
    return this.#services.store.claim(conversation, this.#lease);
  }

  async #process(
    conversation: ConversationId,
    active: ActiveConversation,
    claim: () => Promise<ClaimedTurn | undefined>,
  ): Promise<void> {
    const platform = this.#platforms.get(parseConversationId(conversation).platform);
    if (platform === undefined) return;
    try {
      active.again = false;
      active.askedAt = performance.now();
      let work = await claim();
      while (work !== undefined) {
        const isLeft = this.#draining || this.#pause.blocksNewTurns;
        work = isLeft ? await this.#release(work) : await this.#runner.run(work, platform, active);
      }
      this.#retries.succeeded(conversation);
    } catch (error) {
      this.#log.error({ err: error, conversation }, 'conversation interrupted');
      if (!this.#draining) this.#retries.failed(conversation, () => this.wake(conversation));
    }
  }

  async #release(work: ClaimedTurn): Promise<undefined> {
    await this.#services.store.release(work.claim, { countAttempt: false });
  }
}
