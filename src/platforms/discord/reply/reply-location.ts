import { RateLimited } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import { callTimeoutMs, type DiscordApi } from '../api/rest-api.ts';
import type { Channel, Channels } from '../cache/channels.ts';
import { errorCodes, DiscordApiError } from '../api/api-errors.ts';
import { parsePageId } from './posted-pages.ts';
import { locationOf } from '../messages/conversation-location.ts';
import { compareIds } from '../../common/read-positions.ts';
import { threadName } from '../messages/discord-text.ts';
import { withDeadline } from '../../../core/timing.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';

/** Nobody has opened a thread on so new a message that Discord has not told of, in milliseconds. */
const newMessageMs = 10_000;

/** In minutes without a message; Discord knows 60, 1,440, 4,320 and 10,080. */
const archiveAfterMinutes = 1_440;

/** Where a reply is written. */
export interface ReplyLocation {
  /** The thread, the direct conversation, or the channel. */
  readonly channel: string;
  /** In a channel, the message that every page replies to. */
  readonly replyTo?: string;
  /** Where it goes if the thread of its question may not be written in. */
  readonly fallback?: ReplyLocation;
  /** The thread was made for this reply. */
  readonly created?: boolean;
}

export interface ReplyLocationOptions {
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly deniedPermissions: DeniedPermissions;
  /** Whether a question in a channel gets a thread. */
  readonly threads: boolean;
  readonly log: Log;
}

type AskedTurn = Pick<Turn, 'conversation' | 'messages'>;

/** The channel, where every page replies to the newest question; or the direct conversation. */
export function locationInChannel({ conversation, messages }: AskedTurn): ReplyLocation {
  const { channel, root } = locationOf(conversation);
  if (root === undefined) return { channel };
  const ids = messages.map(({ id }) => id).toSorted(compareIds);
  return { channel, replyTo: ids.at(-1) ?? root };
}

/** Messages there are not the beginning of a thread, unless somebody opens one on them. */
function isPlainChannel(channel: Channel | undefined): boolean {
  return channel?.kind === 'channel' && channel.forum !== true;
}

function isNew({ sentAt }: Message): boolean {
  return Date.now() - sentAt < newMessageMs;
}

/** Where an earlier attempt wrote the reply; undefined if none of its pages is known to stand. */
export function locationOfPages(turn: Pick<Turn, 'pages'> & AskedTurn): ReplyLocation | undefined {
  const id = turn.pages.find((page) => page.id !== undefined)?.id;
  if (id === undefined) return undefined;
  const { channel } = parsePageId(id);
  const inChannel = locationInChannel(turn);
  return channel === inChannel.channel ? inChannel : { channel };
}

/**
 * Finds out where a reply is written, and makes the thread that it goes into. Throws `RateLimited`
 * if a thread can be made within `patienceMs`.
 */
export async function findReplyLocation(
  asked: AskedTurn,
  { api, channels, deniedPermissions, threads, log }: ReplyLocationOptions,
  patienceMs: number,
  signal: AbortSignal,
): Promise<ReplyLocation> {
  const { channel, root } = locationOf(asked.conversation);
  const inChannel = locationInChannel(asked);
  if (root === undefined) return inChannel;
  const isThread = async () => (await channels.find(root, signal))?.kind === 'thread';
  const question = asked.messages.find(({ id }) => id === root);
  if (channels.isCached(root) || question === undefined || !threads) {
    // Many who ask at once are not to wait for answers that are known.
    const isPlain = isPlainChannel(channels.cached(channel));
    if (!channels.isCached(root) && question !== undefined && isPlain && isNew(question)) {
      return inChannel;
    }
    if (!(await isThread())) return inChannel;
    return question === undefined ? { channel: root } : { channel: root, fallback: inChannel };
  }
  if (deniedPermissions.has(threadsKey(channel))) return inChannel;
  try {
    const path = `/channels/${channel}/messages/${root}/threads` as const;
    const body = { name: threadName(question.text), auto_archive_duration: archiveAfterMinutes };
    channels.learn(await api.call('POST', path, { body }, signal));
    return { channel: root, fallback: inChannel, created: true };
  } catch (error) {
    if (error instanceof RateLimited) {
      // A limit over all that the bot does holds for the channel, too.
      if (error.budgetKey !== undefined || error.retryAfterMs <= patienceMs) throw error;
    } else if (error instanceof DiscordApiError) {
      // It has one already, or it is the first message of a forum post.
      if (await isThread()) return { channel: root, fallback: inChannel };
      // A question that was deleted gets no answer in the middle of the channel.
      if (error.reason === 'removed') throw error;
      if (isPermissionError(error)) deniedPermissions.add(threadsKey(channel));
    } else {
      throw error;
    }
    log.info({ err: error, channel }, 'no thread made; the answer comes in the channel');
    return inChannel;
  }
}

/** Many questions at once in a channel wait so long for their threads, in milliseconds. */
const threadPatienceMs = 15_000;

/** Not of a limit that anything else spends: only this reply waits. */
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

/** Where a reply stands: found out once, when it is needed, and left if it may not stand there. */
export class LocationResolver {
  readonly #options: LocationResolverOptions;
  #location: ReplyLocation | undefined;
  #finding: Promise<ReplyLocation> | undefined;
  #since: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Nobody who asks ends it. */
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
   * Once for all who ask, and not ended by any of them. Throws `RateLimited` while a thread cannot
   * be made yet, `CallFailed` if there is no answer in time, and what Discord refuses.
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
   * The same for a post that was let go by the limits of the likely channel: another one may have
   * no room, and then this throws `RateLimited`.
   */
  async findForPost(budgets: ChannelRateLimits): Promise<ReplyLocation> {
    const paced = this.channel;
    const location = await this.find();
    if (location.channel === paced) return location;
    for (const { key: budgetKey, reported } of budgets.of(location.channel).post) {
      const waitMs = (reported?.resetsAt ?? 0) - performance.now();
      if (reported?.left === 0 && waitMs > 0) {
        throw new RateLimited(waitMs, { budgetKey, unsent: true });
      }
    }
    return location;
  }

  /** The channel in which people see that somebody is working. */
  async typingChannel(): Promise<string> {
    try {
      return (await this.find()).channel;
    } catch (error) {
      if (error instanceof RateLimited && error.budgetKey === threadRateLimitKey)
        return this.#options.askedChannel;
      throw error;
    }
  }

  /** Discord takes nothing where it stands: true if the reply can be written elsewhere. */
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

/** Somebody may give the permission at any moment, in milliseconds. */
const denialMs = 60_000;
/** Beyond this many, what was refused first is forgotten. */
const maxDenials = 10_000;

const permissionErrorCodes = new Set<number>([
  errorCodes.missingAccess,
  errorCodes.missingPermissions,
]);

/** Discord refuses a call for want of a permission. */
export function isPermissionError(error: unknown): error is DiscordApiError {
  return error instanceof DiscordApiError && permissionErrorCodes.has(error.code);
}

/** Where Discord has just refused something that takes a permission: it need not be tried again. */
export class DeniedPermissions {
  readonly #deniedAt = new Map<string, number>();

  /** @param place a channel that is not to be written to, or `threadsOf` one */
  add(place: string): void {
    this.#deniedAt.delete(place);
    if (this.#deniedAt.size >= maxDenials) {
      this.#deniedAt.delete(this.#deniedAt.keys().next().value ?? '');
    }
    this.#deniedAt.set(place, performance.now());
  }

  has(place: string): boolean {
    const deniedAt = this.#deniedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - deniedAt < denialMs;
  }

  /** Somebody changed a channel or a role: it may be otherwise now. */
  clear(): void {
    this.#deniedAt.clear();
  }
}

/** The threads of a channel: no answer is to be given in one of them. */
export function threadsKey(channel: string): string {
  return `threads of ${channel}`;
}
