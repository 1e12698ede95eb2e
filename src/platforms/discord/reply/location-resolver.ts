import { RateLimited } from '../../../core/domain/errors.ts';
import { withDeadline } from '../../../core/timing.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';
import { callTimeoutMs } from '../api/rest-api.ts';
import type { ReplyLocation } from './reply-location.ts';

/** Time that a reply waits for its thread while many are made in a channel at once, in ms. */
const threadPatienceMs = 15_000;
/** Rate-limits one reply alone, while its thread cannot be made. */
const threadRateLimitKey = 'discord: a thread';

export interface LocationResolverOptions {
  /** Where an earlier attempt wrote. */
  readonly earlier: ReplyLocation | undefined;
  /** The channel that the reply is written in, as far as that is known without asking. */
  readonly likelyChannel: string;
  /** Where the question was asked, or the parent of its thread. */
  readonly askedChannel: string;
  /** Throws `RateLimited` if a thread can be made within `patienceMs`. */
  readonly find: (patienceMs: number, signal: AbortSignal) => Promise<ReplyLocation>;
  /** The thread may not be written in. */
  readonly onFallback: (thread: ReplyLocation) => void;
}

/** Where one reply is written: found once, when it is needed, and left if it may not be written there. */
export class LocationResolver {
  readonly #options: LocationResolverOptions;
  #location: ReplyLocation | undefined;
  #finding: Promise<ReplyLocation> | undefined;
  #since: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** No caller aborts it: others wait for the same. */
  readonly #never = new AbortController().signal;

  constructor(options: LocationResolverOptions) {
    this.#options = options;
    this.#location = options.earlier;
  }

  get location(): ReplyLocation | undefined {
    return this.#location;
  }

  /** The channel in which the next page goes, as far as that is known. */
  get channel(): string {
    return this.#location?.channel ?? this.#options.likelyChannel;
  }

  /**
   * Once for all callers, and aborted by none of them. Throws `RateLimited` while a thread cannot be
   * made yet, `CallFailed` if there is no answer in time, and what Discord refuses.
   */
  async find(): Promise<ReplyLocation> {
    if (this.#location !== undefined) return this.#location;
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0) throw new RateLimited(waitMs, { budgetKey: threadRateLimitKey, unsent: true });
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  /**
   * The same for a post that was paced by the limits of the likely channel: another one may have no
   * room, and then this throws `RateLimited`.
   */
  async findForPost(rateLimits: ChannelRateLimits): Promise<ReplyLocation> {
    const paced = this.channel;
    const location = await this.find();
    if (location.channel === paced) return location;
    for (const { key: budgetKey, reported } of rateLimits.of(location.channel).post) {
      const waitMs = (reported?.resetsAt ?? 0) - performance.now();
      if (reported?.left === 0 && waitMs > 0) {
        throw new RateLimited(waitMs, { budgetKey, unsent: true });
      }
    }
    return location;
  }

  /** The channel in which people see that the bot types. */
  async typingChannel(): Promise<string> {
    try {
      return (await this.find()).channel;
    } catch (error) {
      if (!(error instanceof RateLimited) || error.budgetKey !== threadRateLimitKey) throw error;
      return this.#options.askedChannel;
    }
  }

  /** Discord takes nothing there: true if the reply can be written elsewhere. */
  fallBack(): boolean {
    const location = this.#location;
    if (location?.fallback === undefined) return false;
    this.#location = location.fallback;
    this.#options.onFallback(location);
    return true;
  }

  async #find(): Promise<ReplyLocation> {
    const now = performance.now();
    this.#since ??= now;
    const patienceMs = threadPatienceMs - (now - this.#since);
    try {
      // It throws as a call does: what is asked for meanwhile may pass, and is asked for again.
      this.#location = await withDeadline(callTimeoutMs, this.#never, (signal) =>
        this.#options.find(patienceMs, signal),
      );
      return this.#location;
    } catch (error) {
      if (!(error instanceof RateLimited) || error.budgetKey !== undefined) throw error;
      this.#notBefore = performance.now() + error.retryAfterMs;
      throw new RateLimited(error.retryAfterMs, { cause: error, budgetKey: threadRateLimitKey });
    }
  }
}
