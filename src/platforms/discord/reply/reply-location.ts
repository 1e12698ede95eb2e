import { RateLimited } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import { callTimeoutMs, type DiscordApi } from '../api/rest-api.ts';
import type { Channel, Channels } from '../cache/channels.ts';
import { codes, Refused } from '../api/api-errors.ts';
import { partsOfPage } from './posted-pages.ts';
import { placeOf } from '../messages/conversation-location.ts';
import { byAge } from '../api/snowflake.ts';
import { threadName } from '../messages/discord-text.ts';
import { withDeadline } from '../../../core/timing.ts';
import type { Budgets } from '../api/rate-limits.ts';

/** Nobody has opened a thread on so new a message that Discord has not told of, in milliseconds. */
const freshMs = 10_000;

/** In minutes without a message; Discord knows 60, 1,440, 4,320 and 10,080. */
const archiveAfterMinutes = 1_440;

/** Where a reply is written. */
export interface Ground {
  /** The thread, the direct conversation, or the channel. */
  readonly channel: string;
  /** In a channel, the message that every page replies to. */
  readonly replyTo?: string;
  /** Where it goes if the thread of its question may not be written in. */
  readonly otherwise?: Ground;
  /** The thread was made for this reply. */
  readonly isNew?: boolean;
}

export interface GroundOptions {
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly denials: Denials;
  /** Whether a question in a channel gets a thread. */
  readonly threads: boolean;
  readonly log: Log;
}

type Asked = Pick<Turn, 'conversation' | 'messages'>;

/** The channel, where every page replies to the newest question; or the direct conversation. */
export function groundInChannel({ conversation, messages }: Asked): Ground {
  const { channel, root } = placeOf(conversation);
  if (root === undefined) return { channel };
  const ids = messages.map(({ id }) => id).toSorted(byAge);
  return { channel, replyTo: ids.at(-1) ?? root };
}

/** Messages there are not the beginning of a thread, unless somebody opens one on them. */
function isPlainChannel(channel: Channel | undefined): boolean {
  return channel?.kind === 'channel' && channel.forum !== true;
}

function isFresh({ sentAt }: Message): boolean {
  return Date.now() - sentAt < freshMs;
}

/** Where an earlier attempt wrote the reply; undefined if none of its pages is known to stand. */
export function groundOfPages(turn: Pick<Turn, 'pages'> & Asked): Ground | undefined {
  const id = turn.pages.find((page) => page.id !== undefined)?.id;
  if (id === undefined) return undefined;
  const { channel } = partsOfPage(id);
  const inChannel = groundInChannel(turn);
  return channel === inChannel.channel ? inChannel : { channel };
}

/**
 * Finds out where a reply is written, and makes the thread that it goes into. Throws `RateLimited`
 * if a thread can be made within `patienceMs`.
 */
export async function findGround(
  asked: Asked,
  { api, channels, denials, threads, log }: GroundOptions,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Ground> {
  const { channel, root } = placeOf(asked.conversation);
  const inChannel = groundInChannel(asked);
  if (root === undefined) return inChannel;
  const isThread = async () => (await channels.find(root, signal))?.kind === 'thread';
  const question = asked.messages.find(({ id }) => id === root);
  if (channels.knows(root) || question === undefined || !threads) {
    // Many who ask at once are not to wait for answers that are known.
    const isPlain = isPlainChannel(channels.known(channel));
    if (!channels.knows(root) && question !== undefined && isPlain && isFresh(question)) {
      return inChannel;
    }
    if (!(await isThread())) return inChannel;
    return question === undefined ? { channel: root } : { channel: root, otherwise: inChannel };
  }
  if (denials.has(threadsOf(channel))) return inChannel;
  try {
    const path = `/channels/${channel}/messages/${root}/threads` as const;
    const body = { name: threadName(question.text), auto_archive_duration: archiveAfterMinutes };
    channels.learn(await api.call('POST', path, { body }, signal));
    return { channel: root, otherwise: inChannel, isNew: true };
  } catch (error) {
    if (error instanceof RateLimited) {
      // A limit over all that the bot does holds for the channel, too.
      if (error.budgetKey !== undefined || error.retryAfterMs <= patienceMs) throw error;
    } else if (error instanceof Refused) {
      // It has one already, or it is the first message of a forum post.
      if (await isThread()) return { channel: root, otherwise: inChannel };
      // A question that was deleted gets no answer in the middle of the channel.
      if (error.reason === 'removed') throw error;
      if (wantsPermission(error)) denials.add(threadsOf(channel));
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

/** Somebody may give the permission at any moment, in milliseconds. */
const believedForMs = 60_000;
/** Beyond this many, what was refused first is forgotten. */
const maxKnown = 10_000;

const wanting = new Set<number>([codes.missingAccess, codes.missingPermissions]);

/** Discord refuses a call for want of a permission. */
export function wantsPermission(error: unknown): error is Refused {
  return error instanceof Refused && wanting.has(error.code);
}

/** Where Discord has just refused something that takes a permission: it need not be tried again. */
export class Denials {
  readonly #deniedAt = new Map<string, number>();

  /** @param place a channel that is not to be written to, or `threadsOf` one */
  add(place: string): void {
    this.#deniedAt.delete(place);
    if (this.#deniedAt.size >= maxKnown) {
      this.#deniedAt.delete(this.#deniedAt.keys().next().value ?? '');
    }
    this.#deniedAt.set(place, performance.now());
  }

  has(place: string): boolean {
    const deniedAt = this.#deniedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - deniedAt < believedForMs;
  }

  /** Somebody changed a channel or a role: it may be otherwise now. */
  clear(): void {
    this.#deniedAt.clear();
  }
}

/** The threads of a channel: no answer is to be given in one of them. */
export function threadsOf(channel: string): string {
  return `threads of ${channel}`;
}
