import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { BackgroundCalls } from '../../common/background-calls.ts';
import { editsOverText, type ReplyHandle, RunningReplies } from '../../common/running-replies.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { askerOf, noticeCall } from '../notices/user-notices.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';
import {
  findReplyLocation,
  LocationResolver,
  type ReplyLocation,
  locationInChannel,
  locationOfPages,
  type ReplyLocationOptions,
  threadsKey,
  isPermissionError,
} from './reply-location.ts';
import { errorCodes, DiscordApiError } from '../api/api-errors.ts';
import { findLostPost } from './find-lost-post.ts';
import { parsePageId, type PostsByNonce } from './posted-pages.ts';
import { locationOf } from '../messages/conversation-location.ts';
import { idAt } from '../api/snowflake.ts';
import { compareIds } from '../../common/read-positions.ts';
import { DiscordSurface } from './surface.ts';

const autoModText =
  'This server’s AutoMod does not let me post my answer. Its moderators can except me from the rule.';
const linkFilterText =
  'This server’s link filter does not let me post my answer. Its moderators can except me from it.';

export interface ReplyRegistryOptions extends ReplyLocationOptions {
  readonly api: DiscordApi;
  readonly budgets: ChannelRateLimits;
  readonly posts: PostsByNonce;
  readonly backgroundCalls: BackgroundCalls;
  readonly botId: () => string | undefined;
}

const permissionEvents = new Set([
  'GUILD_CREATE',
  'GUILD_MEMBER_UPDATE',
  'GUILD_ROLE_UPDATE',
  'CHANNEL_UPDATE',
]);

/** Conversations whose last page is remembered. */
const maxRemembered = 10_000;

interface DiscordReplyHandle extends ReplyHandle {
  readonly surface: DiscordSurface;
}

/** The replies that are being written. */
export class ReplyRegistry {
  readonly #options: ReplyRegistryOptions;
  readonly #running: RunningReplies<DiscordReplyHandle>;
  /** The last page of each conversation's reply before. */
  readonly #lastPages = new Map<ConversationId, string>();

  constructor(options: ReplyRegistryOptions) {
    this.#options = options;
    this.#running = new RunningReplies(options.backgroundCalls);
  }

  surface(turn: Turn): DiscordSurface {
    const { id, conversation, messages, pages } = turn;
    const ids = messages.map((message) => message.id);
    const known = locationOfPages(turn);
    const after = this.#before(turn);
    const question = messages.findLast(({ kind }) => kind === 'question');
    const { channels } = this.#options;
    const surface = new DiscordSurface({
      ...this.#options,
      resolver: new LocationResolver({
        earlier: known,
        likelyChannel: known?.channel ?? this.#likelyChannel(turn),
        askedChannel: locationOf(conversation).channel,
        find: (patienceMs, signal) => this.#findGround(turn, after, patienceMs, signal),
        onFallback: (thread) => this.#leave(thread, locationOf(conversation).channel),
      }),
      after,
      asker: (location) => question && askerOf(question, location, channels),
      postedMessages: pages.flatMap((page) =>
        page.id === undefined ? [] : parsePageId(page.id).message,
      ),
    });
    this.#running.add(conversation, {
      turn: id,
      questions: new Set(ids),
      handle: {
        surface,
        owns: (message) => surface.owns(message),
        stopWriting: () => surface.stopWriting(),
        closingNotice: () => this.#closingNotice(surface),
      },
    });
    return surface;
  }

  /** An event: what was refused may be allowed by now. */
  onEvent(type: string): void {
    if (permissionEvents.has(type)) this.#options.deniedPermissions.clear();
  }

  /** A message was deleted. The conversation whose running reply it belongs to. */
  onMessageDeleted(message: string): ConversationId | undefined {
    return this.#running.onMessageDeleted(message);
  }

  onTurnEnded(conversation: ConversationId, turn: string): void {
    const page = this.#running.onTurnEnded(conversation, turn)?.surface.lastPage;
    if (page !== undefined) this.#rememberLast(conversation, page);
  }

  onTurnAbandoned(conversation: ConversationId, turn: string): void {
    this.#running.onTurnAbandoned(conversation, turn);
  }

  #closingNotice({ blocked }: DiscordSurface) {
    if (blocked === undefined) return undefined;
    return noticeCall(this.#options.api, blocked.location, blockedText(blocked.code));
  }

  /** What stands before the turn's own pages: a reply may have gone on behind the next question. */
  #before({ conversation, messages, startedAt }: Turn): string {
    const last = parsePageId(this.#lastPages.get(conversation) ?? '').message;
    return (
      [...messages.map(({ id }) => id), last, idAt(startedAt)].toSorted(compareIds).at(-1) ?? '0'
    );
  }

  async #findGround(
    turn: Turn,
    after: string,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<ReplyLocation> {
    const { api, botId } = this.#options;
    const inChannel = locationInChannel(turn);
    // An earlier attempt began to post, and perhaps not in the thread.
    if (turn.pages.length > 0 && inChannel.replyTo !== undefined) {
      const lost = { index: 0, after, botId: botId() };
      if ((await findLostPost(api, inChannel, lost, signal)) !== undefined) return inChannel;
    }
    const newest = inChannel.replyTo ?? '';
    if (
      this.#wroteInChannel(turn) &&
      (await messageExists(api, inChannel.channel, newest, signal))
    ) {
      return inChannel;
    }
    return findReplyLocation(turn, this.#options, patienceMs, signal);
  }

  /** The answer before came in the channel, whether there is a thread or not. */
  #wroteInChannel({ conversation }: Turn): boolean {
    const { channel, root } = locationOf(conversation);
    const last = this.#lastPages.get(conversation);
    return root !== undefined && last !== undefined && parsePageId(last).channel === channel;
  }

  /** The thread of a question may not be written in: the next ones need none. */
  #leave({ channel: thread, created = false }: ReplyLocation, channel: string): void {
    const { api, channels, deniedPermissions, backgroundCalls } = this.#options;
    deniedPermissions.add(threadsKey(channel));
    if (!created) return;
    backgroundCalls.run('remove an empty thread', async (signal) => {
      await removeThread(api, thread, signal);
      channels.forget(thread);
    });
  }

  /** Where the limits are to be looked at that the reply will spend. */
  #likelyChannel(turn: Turn): string {
    const { channels, deniedPermissions, threads } = this.#options;
    const { conversation, messages } = turn;
    const { channel, root } = locationOf(conversation);
    if (this.#wroteInChannel(turn)) return channel;
    if (root === undefined || channels.isCached(root)) return root ?? channel;
    const asked = messages.some(({ id }) => id === root);
    return threads && asked && !deniedPermissions.has(threadsKey(channel)) ? root : channel;
  }

  #rememberLast(conversation: ConversationId, page: string): void {
    this.#lastPages.delete(conversation);
    if (this.#lastPages.size >= maxRemembered) {
      this.#lastPages.delete(this.#lastPages.keys().next().value ?? conversation);
    }
    this.#lastPages.set(conversation, page);
  }
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

/** Whoever opened a thread may put it away, but only delete it with a permission of its own. */
async function removeThread(api: DiscordApi, thread: string, signal: AbortSignal): Promise<void> {
  try {
    await api.call('DELETE', `/channels/${thread}`, {}, signal);
  } catch (error) {
    if (!isPermissionError(error)) throw error;
    await api.call('PATCH', `/channels/${thread}`, { body: { archived: true } }, signal);
  }
}

function blockedText(code: number): string {
  if (code === errorCodes.oldEdits) return editsOverText('Discord');
  return code === errorCodes.linkFilter ? linkFilterText : autoModText;
}
