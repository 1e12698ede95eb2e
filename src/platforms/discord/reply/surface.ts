// Tested by test/integration/discord-faults.test.ts
import { wait } from '../../../core/timing.ts';
import { CallFailed, Rejected } from '../../../core/domain/errors.ts';
import { asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type {
  AskerNotice,
  PostRequest,
  Surface,
  WorkingMark,
  WorkingState,
} from '../../../core/ports/surface.ts';
import { callTimeoutMs, type DiscordApi, silentMessageOptions } from '../api/rest-api.ts';
import { type Asker, mentionAsker } from '../notices/user-notices.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';
import type { LocationResolver } from './location-resolver.ts';
import { type DeniedPermissions, isPermissionError } from './reply-location.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import { discordFormat } from './markdown-format.ts';
import { LinkFilter, type ReplyBlocked, ReplyCalls } from './reply-calls.ts';
import { findLostPost, pageId, parsePageId, type PostsByNonce } from './lost-posts.ts';
import { compareIds } from '../../common/read-positions.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

/** Each mark of typing costs a call that first words need, too: quick ones come without it. */
const typingDelayMs = 400;

/** How often it is looked whether there is room for a mark of typing. */
const typingCheckMs = 250;

/** Discord takes no empty message. */
const emptyPageText = '…';

export interface DiscordSurfaceOptions {
  readonly api: DiscordApi;
  readonly budgets: ChannelRateLimits;
  readonly posts: PostsByNonce;
  readonly deniedPermissions: DeniedPermissions;
  /** The bot's user id; undefined until it is known. */
  readonly botId: () => string | undefined;
  readonly resolver: LocationResolver;
  /** The reply's posts are all younger than this id. */
  readonly after: string;
  /** The messages that an earlier attempt posted. */
  readonly postedMessages: readonly string[];
  /** Who asked the newest question, if the answer stands in this channel or thread. */
  readonly asker: (location: string) => Asker | undefined;
}

/** Writes a reply into a thread, a channel or a direct conversation, by REST alone. */
export class DiscordSurface implements Surface {
  readonly format = discordFormat;
  readonly editFloorMs = editFloorMs;
  readonly callTimeoutMs = callTimeoutMs;
  readonly working: TypingIndicator;
  readonly #options: DiscordSurfaceOptions;
  readonly #resolver: LocationResolver;
  /** The id of each message of this reply that is known to stand. */
  readonly #postedMessages: Set<string>;
  readonly #calls: ReplyCalls;
  readonly #linkFilter = new LinkFilter();
  readonly #typesFrom = performance.now() + typingDelayMs;
  #repliesTaken = true;

  constructor(options: DiscordSurfaceOptions) {
    this.#options = options;
    this.#resolver = options.resolver;
    this.#calls = new ReplyCalls(options);
    this.#postedMessages = new Set(options.postedMessages);
    this.working = new TypingIndicator((signal) => this.#type(signal));
  }

  get budgets(): Surface['budgets'] {
    return this.#options.budgets.of(this.#resolver.channel);
  }

  rejection(): Rejected | undefined {
    const { deniedPermissions } = this.#options;
    if (this.#postedMessages.size > 0 || !deniedPermissions.has(this.#resolver.channel))
      return undefined;
    return new Rejected('refused', `channel ${this.#resolver.channel}: refused a moment ago`);
  }

  /** Discord does not let the reply go on, but may take a sentence that says so. */
  get blocked(): ReplyBlocked | undefined {
    return this.#calls.blocked;
  }

  /** The newest page that is known to stand. */
  get lastPage(): string | undefined {
    const message = [...this.#postedMessages].toSorted(compareIds).at(-1);
    return message === undefined ? undefined : pageId(this.#resolver.channel, message);
  }

  async post(posting: PostRequest, signal: AbortSignal): Promise<string> {
    const { text, key } = posting;
    const { channel, replyTo } = await this.#resolver.findForPost(this.#options.budgets);
    const reference =
      replyTo === undefined || !this.#repliesTaken
        ? {}
        : // A question that was deleted gets no answer in the middle of the channel.
          { message_reference: { message_id: replyTo, fail_if_not_exists: true } };
    const body = { nonce: key, enforce_nonce: true, ...silentMessageOptions, ...reference };
    const path = `/channels/${channel}/messages` as const;
    let posted: JsonRecord;
    try {
      posted = asRecord(
        await this.#write(text, (content) =>
          this.#calls.call('POST', path, { ...body, content }, signal),
        ),
      );
    } catch (error) {
      if (!(error instanceof DiscordApiError)) throw error;
      if (error.code === errorCodes.cannotReply && this.#repliesTaken) this.#repliesTaken = false;
      else if (!this.#leaves(error)) throw error;
      return this.post(posting, signal);
    }
    const message = asText(posted['id']);
    if (message === undefined) throw new CallFailed(`POST ${path}: posted without an id`);
    const id = pageId(channel, message);
    this.#options.posts.set(key, id);
    this.#postedMessages.add(message);
    return id;
  }

  async find({ key, index }: Omit<PostRequest, 'text'>, signal: AbortSignal) {
    const { api, posts, after, botId } = this.#options;
    const known = posts.get(key);
    if (known !== undefined) return known;
    const location = await this.#resolver.find();
    const message = await findLostPost(api, location, { index, after, botId: botId() }, signal);
    if (message === undefined) return undefined;
    this.#postedMessages.add(message);
    return pageId(location.channel, message);
  }

  async edit(id: string, text: string, signal: AbortSignal): Promise<void> {
    const { channel, message } = parsePageId(id);
    const path = `/channels/${channel}/messages/${message}` as const;
    const write = () =>
      this.#write(text, (content) =>
        this.#calls.call('PATCH', path, { ...silentMessageOptions, content }, signal),
      );
    await this.#calls.unarchiveAndRetry(channel, write, signal);
    this.#postedMessages.add(message);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const { channel, message } = parsePageId(id);
    // Discord tells of its end as if a person had deleted it.
    this.#postedMessages.delete(message);
    const path = `/channels/${channel}/messages/${message}` as const;
    const drop = () => this.#calls.call('DELETE', path, undefined, signal);
    try {
      await this.#calls.unarchiveAndRetry(channel, drop, signal);
    } catch (error) {
      if (!(error instanceof Rejected && error.reason === 'removed')) throw error;
    }
  }

  get notice(): AskerNotice | undefined {
    const { budgets } = this.#options;
    const { channel } = this.#resolver;
    const asker = this.#options.asker(channel);
    const [message] = [...this.#postedMessages].toSorted(compareIds);
    if (asker === undefined || message === undefined) return undefined;
    return {
      budgets: budgets.of(asker.channel).post,
      post: (sentence, signal) =>
        mentionAsker(this.#calls, asker, { sentence, channel, message }, signal),
    };
  }

  /** Whether it is a message of this reply. */
  owns(message: string): boolean {
    return this.#postedMessages.has(message);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void {
    this.#calls.stopWriting();
  }

  async #type(signal: AbortSignal): Promise<void> {
    // The thread is made at once: what is written first goes into it.
    const channel = await this.#resolver.typingChannel();
    await wait(Math.max(0, this.#typesFrom - performance.now()), signal);
    const { api, budgets, deniedPermissions } = this.#options;
    if (deniedPermissions.has(channel)) return;
    // Where many ask at once their first words come sooner without it.
    while (budgets.global.isScarce) await wait(typingCheckMs, signal);
    await api.call('POST', `/channels/${channel}/typing`, {}, signal);
  }

  /** Whether the reply begins elsewhere, as it may not where it was to begin. */
  #leaves(error: unknown): boolean {
    return this.#postedMessages.size === 0 && isPermissionError(error) && this.#resolver.fallBack();
  }

  #write(text: string, write: (content: string) => Promise<unknown>): Promise<unknown> {
    return this.#linkFilter.write(text.trim() === '' ? emptyPageText : text, write);
  }
}

/** Discord shows it for ten seconds. */
const renewMs = 8_000;

/** "Parley is typing…", until a message is posted. */
export class TypingIndicator implements WorkingMark {
  readonly renewMs = renewMs;
  readonly tellsWaiting = false;
  readonly #type: (signal: AbortSignal) => Promise<void>;

  constructor(type: (signal: AbortSignal) => Promise<void>) {
    this.#type = type;
  }

  show(_state: WorkingState, signal: AbortSignal): Promise<void> {
    return this.#type(signal);
  }
}
