import { withDeadline } from '../../../core/timing.ts';
import { RateLimited } from '../../../core/domain/errors.ts';
import { callTimeoutMs } from '../api/rest-api.ts';
import type { Budgets } from '../api/rate-limits.ts';
import type { Ground } from './reply-location.ts';

/** Many questions at once in a channel wait so long for their threads, in milliseconds. */
const threadPatienceMs = 15_000;

/** Not of a limit that anything else spends: only this reply waits. */
const threadKey = 'discord: a thread';

export interface FootingOptions {
  /** Where an earlier attempt wrote. */
  readonly known: Ground | undefined;
  /** The channel that the reply is written in, as far as that is known without asking. */
  readonly likely: string;
  /** Where the question was asked, or the parent of its thread. */
  readonly asked: string;
  /** Throws `RateLimited` if a thread can be made within `patienceMs`. */
  readonly find: (patienceMs: number, signal: AbortSignal) => Promise<Ground>;
  /** The thread may not be written in. */
  readonly onLeft: (thread: Ground) => void;
}

/** Where a reply stands: found out once, when it is needed, and left if it may not stand there. */
export class Footing {
  readonly #options: FootingOptions;
  #ground: Ground | undefined;
  #finding: Promise<Ground> | undefined;
  #since: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Nobody who asks ends it. */
  readonly #never = new AbortController().signal;

  constructor(options: FootingOptions) {
    this.#options = options;
    this.#ground = options.known;
  }

  get ground(): Ground | undefined {
    return this.#ground;
  }

  /** The channel in which the next page goes, as far as that is known. */
  get channel(): string {
    return this.#ground?.channel ?? this.#options.likely;
  }

  /**
   * Once for all who ask, and not ended by any of them. Throws `RateLimited` while a thread cannot
   * be made yet, `CallFailed` if there is no answer in time, and what Discord refuses.
   */
  async find(): Promise<Ground> {
    if (this.#ground !== undefined) return this.#ground;
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0) throw new RateLimited(waitMs, { budgetKey: threadKey, unsent: true });
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  /**
   * The same for a post that was let go by the limits of the likely channel: another one may have
   * no room, and then this throws `RateLimited`.
   */
  async findToPost(budgets: Budgets): Promise<Ground> {
    const paced = this.channel;
    const ground = await this.find();
    if (ground.channel === paced) return ground;
    for (const { key: budgetKey, told } of budgets.of(ground.channel).post) {
      const waitMs = (told?.resetsAt ?? 0) - performance.now();
      if (told?.left === 0 && waitMs > 0) {
        throw new RateLimited(waitMs, { budgetKey, unsent: true });
      }
    }
    return ground;
  }

  /** The channel in which people see that somebody is working. */
  async channelForNow(): Promise<string> {
    try {
      return (await this.find()).channel;
    } catch (error) {
      if (error instanceof RateLimited && error.budgetKey === threadKey) return this.#options.asked;
      throw error;
    }
  }

  /** Discord takes nothing where it stands: true if the reply can be written elsewhere. */
  leave(): boolean {
    const ground = this.#ground;
    if (ground?.otherwise === undefined) return false;
    this.#ground = ground.otherwise;
    this.#options.onLeft(ground);
    return true;
  }

  async #find(): Promise<Ground> {
    const now = performance.now();
    this.#since ??= now;
    const patienceMs = threadPatienceMs - (now - this.#since);
    try {
      // It throws as a call does: what is asked for meanwhile may pass, and is asked for again.
      this.#ground = await withDeadline(callTimeoutMs, this.#never, (signal) =>
        this.#options.find(patienceMs, signal),
      );
      return this.#ground;
    } catch (error) {
      if (!(error instanceof RateLimited) || error.budgetKey !== undefined) throw error;
      this.#notBefore = performance.now() + error.retryAfterMs;
      throw new RateLimited(error.retryAfterMs, { cause: error, budgetKey: threadKey });
    }
  }
}
