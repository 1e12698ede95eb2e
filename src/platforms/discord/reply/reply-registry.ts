import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Errands } from '../../common/background-calls.ts';
import { Running } from '../../common/running-replies.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { askerOf, saying } from '../notices/user-notices.ts';
import type { Budgets } from '../api/rate-limits.ts';
import {
  findGround,
  Footing,
  type Ground,
  groundInChannel,
  groundOfPages,
  type GroundOptions,
  threadsOf,
  wantsPermission,
} from './reply-location.ts';
import { codes, Refused } from '../api/api-errors.ts';
import { findLostPage } from './find-lost-post.ts';
import { partsOfPage, type Posts } from './posted-pages.ts';
import { placeOf } from '../messages/conversation-location.ts';
import { byAge, idAt } from '../api/snowflake.ts';
import { DiscordSurface } from './surface.ts';

const blockedSentence =
  'This server’s AutoMod does not let me post my answer. Its moderators can except me from the rule.';
const linksSentence =
  'This server’s link filter does not let me post my answer. Its moderators can except me from it.';
const editsOverSentence =
  'Discord does not let me change my message any more, so this answer ends here. Ask again for the rest.';

export interface RepliesOptions extends GroundOptions {
  readonly api: DiscordApi;
  readonly budgets: Budgets;
  readonly posts: Posts;
  readonly errands: Errands;
  readonly botId: () => string | undefined;
}

const changingPermissions = new Set([
  'GUILD_CREATE',
  'GUILD_MEMBER_UPDATE',
  'GUILD_ROLE_UPDATE',
  'CHANNEL_UPDATE',
]);

/** Conversations whose last page is remembered. */
const maxRemembered = 10_000;

/** The replies that are being written. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #running = new Running<DiscordSurface>();
  /** The last page of each conversation's reply before. */
  readonly #lastPages = new Map<ConversationId, string>();

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  surface(turn: Turn): DiscordSurface {
    const { id, conversation, messages, pages } = turn;
    const ids = messages.map((message) => message.id);
    const known = groundOfPages(turn);
    const after = this.#before(turn);
    const question = messages.findLast(({ kind }) => kind === 'question');
    const { channels } = this.#options;
    const surface = new DiscordSurface({
      ...this.#options,
      footing: new Footing({
        known,
        likely: known?.channel ?? this.#likelyChannel(turn),
        asked: placeOf(conversation).channel,
        find: (patienceMs, signal) => this.#findGround(turn, after, patienceMs, signal),
        onLeft: (thread) => this.#leave(thread, placeOf(conversation).channel),
      }),
      after,
      asker: (ground) => question && askerOf(question, ground, channels),
      standing: pages.flatMap((page) =>
        page.id === undefined ? [] : partsOfPage(page.id).message,
      ),
    });
    this.#running.begin(conversation, { turn: id, questions: new Set(ids), pen: surface });
    return surface;
  }

  /** An event: what was refused may be allowed by now. */
  hear(type: string): void {
    if (changingPermissions.has(type)) this.#options.denials.clear();
  }

  /** A message was deleted. The conversation whose running reply it belongs to. */
  withdraw(message: string): ConversationId | undefined {
    return this.#running.withdraw(message);
  }

  /** No answer stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const surface = this.#running.end(conversation, turn);
    if (surface?.lastPage !== undefined) this.#rememberLast(conversation, surface.lastPage);
    const silence = surface?.silence;
    if (silence === undefined) return;
    const { code, ground } = silence;
    const { api, errands } = this.#options;
    errands.run('say why the answer ends', saying(api, ground, sentenceFor(code)));
  }

  /** Whoever goes on with it writes on a surface of its own. */
  abandoned(conversation: ConversationId, turn: string): void {
    this.#running.end(conversation, turn);
  }

  /** What stands before the turn's own pages: a reply may have gone on behind the next question. */
  #before({ conversation, messages, startedAt }: Turn): string {
    const last = partsOfPage(this.#lastPages.get(conversation) ?? '').message;
    return [...messages.map(({ id }) => id), last, idAt(startedAt)].toSorted(byAge).at(-1) ?? '0';
  }

  async #findGround(
    turn: Turn,
    after: string,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<Ground> {
    const { api, botId } = this.#options;
    const inChannel = groundInChannel(turn);
    // An earlier attempt began to post, and perhaps not in the thread.
    if (turn.pages.length > 0 && inChannel.replyTo !== undefined) {
      const lost = { index: 0, after, botId: botId() };
      if ((await findLostPage(api, inChannel, lost, signal)) !== undefined) return inChannel;
    }
    const newest = inChannel.replyTo ?? '';
    if (this.#wroteInChannel(turn) && (await isIn(api, inChannel.channel, newest, signal))) {
      return inChannel;
    }
    return findGround(turn, this.#options, patienceMs, signal);
  }

  /** The answer before came in the channel, whether there is a thread or not. */
  #wroteInChannel({ conversation }: Turn): boolean {
    const { channel, root } = placeOf(conversation);
    const last = this.#lastPages.get(conversation);
    return root !== undefined && last !== undefined && partsOfPage(last).channel === channel;
  }

  /** The thread of a question may not be written in: the next ones need none. */
  #leave({ channel: thread, isNew = false }: Ground, channel: string): void {
    const { api, channels, denials, errands } = this.#options;
    denials.add(threadsOf(channel));
    if (!isNew) return;
    errands.run('remove an empty thread', async (signal) => {
      await removeThread(api, thread, signal);
      channels.forget(thread);
    });
  }

  /** Where the limits are to be looked at that the reply will spend. */
  #likelyChannel(turn: Turn): string {
    const { channels, denials, threads } = this.#options;
    const { conversation, messages } = turn;
    const { channel, root } = placeOf(conversation);
    if (this.#wroteInChannel(turn)) return channel;
    if (root === undefined || channels.knows(root)) return root ?? channel;
    const asked = messages.some(({ id }) => id === root);
    return threads && asked && !denials.has(threadsOf(channel)) ? root : channel;
  }

  #rememberLast(conversation: ConversationId, page: string): void {
    this.#lastPages.delete(conversation);
    if (this.#lastPages.size >= maxRemembered) {
      this.#lastPages.delete(this.#lastPages.keys().next().value ?? conversation);
    }
    this.#lastPages.set(conversation, page);
  }
}

async function isIn(
  api: DiscordApi,
  channel: string,
  message: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await api.call('GET', `/channels/${channel}/messages/${message}`, {}, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return false;
  }
}

/** Whoever opened a thread may put it away, but only delete it with a permission of its own. */
async function removeThread(api: DiscordApi, thread: string, signal: AbortSignal): Promise<void> {
  try {
    await api.call('DELETE', `/channels/${thread}`, {}, signal);
  } catch (error) {
    if (!wantsPermission(error)) throw error;
    await api.call('PATCH', `/channels/${thread}`, { body: { archived: true } }, signal);
  }
}

function sentenceFor(code: number): string {
  if (code === codes.oldEdits) return editsOverSentence;
  return code === codes.linkFilter ? linksSentence : blockedSentence;
}
