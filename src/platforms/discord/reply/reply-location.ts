// Tested by test/integration/discord-faults.test.ts
import { LRUCache } from 'lru-cache';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { RateLimited } from '../../../core/domain/errors.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { compareIds } from '../../common/read-positions.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { idAt } from '../api/snowflake.ts';
import type { Channels } from '../cache/channels.ts';
import { locationOf } from '../messages/conversation-location.ts';
import { threadName } from '../messages/discord-text.ts';
import { LocationResolver } from './location-resolver.ts';
import { findLostPost, parsePageId } from './lost-posts.ts';

/** Age below which nobody can have opened a thread on a message without an event of it, in ms. */
const newMessageMs = 10_000;
/** Minutes without a message after which a thread is archived; Discord knows 60, 1,440, 4,320 and 10,080. */
const archiveAfterMinutes = 1_440;
/** Conversations whose last page is remembered. */
const maxLastPages = 10_000;
/** Time for which a denied permission is believed, in ms: somebody may give it at any moment. */
const denialMs = 60_000;
const maxDenials = 10_000;

const permissionErrorCodes = new Set<number>([
  errorCodes.missingAccess,
  errorCodes.missingPermissions,
]);

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

/** Discord refuses a call for want of a permission. */
export function isPermissionError(error: unknown): error is DiscordApiError {
  return error instanceof DiscordApiError && permissionErrorCodes.has(error.code);
}

/** Where Discord has just refused something that takes a permission: it need not be tried again. */
export class DeniedPermissions {
  readonly #denied = new LRUCache<string, true>({
    max: maxDenials,
    ttl: denialMs,
    perf: performance,
  });

  /** @param key a channel that may not be written to, or `threadsKey` of one */
  add(key: string): void {
    this.#denied.set(key, true);
  }

  has(key: string): boolean {
    return this.#denied.has(key);
  }

  /** A channel or a role was changed: it may be allowed now. */
  clear(): void {
    this.#denied.clear();
  }
}

/** The threads of a channel: no answer is to be given in one of them. */
export function threadsKey(channel: string): string {
  return `threads of ${channel}`;
}

export interface ReplyLocationsOptions {
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly deniedPermissions: DeniedPermissions;
  readonly backgroundCalls: BackgroundCalls;
  /** Whether a question in a channel gets a thread. */
  readonly threads: boolean;
  /** The bot's user id; undefined until it is known. */
  readonly botId: () => string | undefined;
  readonly log: Log;
}

/** Finds out where replies are written, and makes the threads that they go into. */
export class ReplyLocations {
  readonly #options: ReplyLocationsOptions;
  /** The last page of each conversation's reply before. */
  readonly #lastPages = new LRUCache<ConversationId, string>({ max: maxLastPages });

  constructor(options: ReplyLocationsOptions) {
    this.#options = options;
  }

  /** The last page of a reply that is over. */
  rememberLastPage(conversation: ConversationId, page: string): void {
    this.#lastPages.set(conversation, page);
  }

  /** The id behind which all posts of a turn are: a reply may have gone on behind the next question. */
  before({ conversation, messages, startedAt }: Turn): string {
    const last = parsePageId(this.#lastPages.get(conversation) ?? '').message;
    const ids = [...messages.map(({ id }) => id), last, idAt(startedAt)];
    return ids.toSorted(compareIds).at(-1) ?? '0';
  }

  of(turn: Turn): LocationResolver {
    const earlier = locationOfPages(turn);
    const { channel } = locationOf(turn.conversation);
    return new LocationResolver({
      earlier,
      likelyChannel: earlier?.channel ?? this.#likelyChannel(turn),
      askedChannel: channel,
      find: (patienceMs, signal) => this.#find(turn, patienceMs, signal),
      onFallback: (thread) => this.#abandonThread(thread, channel),
    });
  }

  /** Throws `RateLimited` if a thread can be made within `patienceMs`. */
  async #find(turn: Turn, patienceMs: number, signal: AbortSignal): Promise<ReplyLocation> {
    const { api, channels, deniedPermissions, threads, botId } = this.#options;
    const { channel, root } = locationOf(turn.conversation);
    const inChannel = locationInChannel(turn);
    const { replyTo } = inChannel;
    if (root === undefined || replyTo === undefined) return inChannel;
    // An earlier attempt began to post, and perhaps not in the thread.
    if (turn.pages.length > 0) {
      const lost = { index: 0, after: this.before(turn), botId: botId() };
      if ((await findLostPost(api, inChannel, lost, signal)) !== undefined) return inChannel;
    }
    if (this.#wroteInChannel(turn) && (await messageExists(api, channel, replyTo, signal))) {
      return inChannel;
    }
    const question = turn.messages.find(({ id }) => id === root);
    if (channels.isCached(root) || question === undefined || !threads) {
      const { kind, forum } = channels.cached(channel) ?? {};
      const isPlain = kind === 'channel' && forum !== true;
      const isNew = question !== undefined && Date.now() - question.sentAt < newMessageMs;
      // Many who ask at once are not to wait for answers that are known.
      if (!channels.isCached(root) && isPlain && isNew) return inChannel;
      if (!(await this.#isThread(root, signal))) return inChannel;
      return question === undefined ? { channel: root } : { channel: root, fallback: inChannel };
    }
    if (deniedPermissions.has(threadsKey(channel))) return inChannel;
    return this.#makeThread(root, threadName(question.text), inChannel, patienceMs, signal);
  }

  async #makeThread(
    root: string,
    name: string,
    inChannel: ReplyLocation,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<ReplyLocation> {
    const { api, channels, deniedPermissions, log } = this.#options;
    const { channel } = inChannel;
    try {
      const path = `/channels/${channel}/messages/${root}/threads` as const;
      const body = { name, auto_archive_duration: archiveAfterMinutes };
      channels.learn(await api.call('POST', path, { body }, signal));
      return { channel: root, fallback: inChannel, created: true };
    } catch (error) {
      if (error instanceof RateLimited) {
        // A limit over all that the bot does holds for the channel, too.
        if (error.budgetKey !== undefined || error.retryAfterMs <= patienceMs) throw error;
      } else if (error instanceof DiscordApiError) {
        // It has one already, or it is the first message of a forum post.
        if (await this.#isThread(root, signal)) return { channel: root, fallback: inChannel };
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

  async #isThread(id: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#options.channels.find(id, signal))?.kind === 'thread';
  }

  /** The answer before came in the channel, whether there is a thread or not. */
  #wroteInChannel({ conversation }: Turn): boolean {
    const { channel, root } = locationOf(conversation);
    const last = this.#lastPages.get(conversation);
    return root !== undefined && last !== undefined && parsePageId(last).channel === channel;
  }

  /** The channel whose rate limits the reply will spend, as far as it is known without a call. */
  #likelyChannel(turn: Turn): string {
    const { channels, deniedPermissions, threads } = this.#options;
    const { conversation, messages } = turn;
    const { channel, root } = locationOf(conversation);
    if (this.#wroteInChannel(turn)) return channel;
    if (root === undefined || channels.isCached(root)) return root ?? channel;
    const asked = messages.some(({ id }) => id === root);
    return threads && asked && !deniedPermissions.has(threadsKey(channel)) ? root : channel;
  }

  /** A thread may not be written in: the channel's next questions need none. */
  #abandonThread({ channel: thread, created = false }: ReplyLocation, channel: string): void {
    const { api, channels, deniedPermissions, backgroundCalls } = this.#options;
    deniedPermissions.add(threadsKey(channel));
    if (!created) return;
    backgroundCalls.run('remove an empty thread', async (signal) => {
      try {
        await api.call('DELETE', `/channels/${thread}`, {}, signal);
      } catch (error) {
        if (!isPermissionError(error)) throw error;
        // Whoever opened a thread may archive it, but not delete it without a permission.
        await api.call('PATCH', `/channels/${thread}`, { body: { archived: true } }, signal);
      }
      channels.forget(thread);
    });
  }
}

/** The channel, where every page replies to the newest question; or the direct conversation. */
function locationInChannel({
  conversation,
  messages,
}: Pick<Turn, 'conversation' | 'messages'>): ReplyLocation {
  const { channel, root } = locationOf(conversation);
  if (root === undefined) return { channel };
  const ids = messages.map(({ id }) => id).toSorted(compareIds);
  return { channel, replyTo: ids.at(-1) ?? root };
}

/** Where an earlier attempt wrote the reply; undefined if none of its pages is known to be posted. */
function locationOfPages(turn: Turn): ReplyLocation | undefined {
  const id = turn.pages.find((page) => page.id !== undefined)?.id;
  if (id === undefined) return undefined;
  const { channel } = parsePageId(id);
  const inChannel = locationInChannel(turn);
  return channel === inChannel.channel ? inChannel : { channel };
}

async function messageExists(
  api: DiscordApi,
  channel: string,
  message: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await api.call('GET', `/channels/${channel}/messages/${message}`, {}, signal);
    return true;
  } catch (error) {
    if (!(error instanceof DiscordApiError)) throw error;
    return false;
  }
}
