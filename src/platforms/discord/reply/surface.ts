import { wait } from '../../../core/timing.ts';
import { CallFailed, Rejected } from '../../../core/domain/errors.ts';
import { type Fields, fieldsOf, textOf } from '../../../core/foreign-data.ts';
import type {
  Notice,
  Posting,
  Surface,
  WorkingMark,
  WorkingState,
} from '../../../core/ports/surface.ts';
import { callTimeoutMs, type DiscordApi, quietly } from '../api/rest-api.ts';
import { type Asker, callAsker } from '../notices/user-notices.ts';
import type { Budgets } from '../api/rate-limits.ts';
import { type Denials, type Footing, wantsPermission } from './reply-location.ts';
import { codes, Refused } from '../api/api-errors.ts';
import { discordFormat } from './markdown-format.ts';
import { LinkFilter, ReplyCalls, type Silence } from './reply-calls.ts';
import { findLostPage } from './find-lost-post.ts';
import { pageId, partsOfPage, type Posts } from './posted-pages.ts';
import { byAge } from '../api/snowflake.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

/** Each mark of typing costs a call that first words need, too: quick ones come without it. */
const typeAfterMs = 400;

/** How often it is looked whether there is room for a mark of typing. */
const lookAgainMs = 250;

/** Discord takes no empty message. */
const nothingYet = '…';

export interface DiscordSurfaceOptions {
  readonly api: DiscordApi;
  readonly budgets: Budgets;
  readonly posts: Posts;
  readonly denials: Denials;
  /** The bot's user id; undefined while Discord has not told. */
  readonly botId: () => string | undefined;
  readonly footing: Footing;
  /** The reply's posts are all younger than this id. */
  readonly after: string;
  /** The messages that an earlier attempt posted. */
  readonly standing: readonly string[];
  /** Who asked the newest question, if the answer stands in this channel or thread. */
  readonly asker: (ground: string) => Asker | undefined;
}

/** Writes a reply into a thread, a channel or a direct conversation, by REST alone. */
export class DiscordSurface implements Surface {
  readonly format = discordFormat;
  readonly editFloorMs = editFloorMs;
  readonly callTimeoutMs = callTimeoutMs;
  readonly working: Typing;
  readonly #options: DiscordSurfaceOptions;
  readonly #footing: Footing;
  /** The id of each message of this reply that is known to stand. */
  readonly #standing: Set<string>;
  readonly #calls: ReplyCalls;
  readonly #linkFilter = new LinkFilter();
  readonly #typesFrom = performance.now() + typeAfterMs;
  #repliesTaken = true;

  constructor(options: DiscordSurfaceOptions) {
    this.#options = options;
    this.#footing = options.footing;
    this.#calls = new ReplyCalls(options);
    this.#standing = new Set(options.standing);
    this.working = new Typing((signal) => this.#type(signal));
  }

  get budgets(): Surface['budgets'] {
    return this.#options.budgets.of(this.#footing.channel);
  }

  refusal(): Rejected | undefined {
    const { denials } = this.#options;
    if (this.#standing.size > 0 || !denials.has(this.#footing.channel)) return undefined;
    return new Rejected('refused', `channel ${this.#footing.channel}: refused a moment ago`);
  }

  /** Discord does not let the reply go on, but may take a sentence that says so. */
  get silence(): Silence | undefined {
    return this.#calls.silence;
  }

  /** The newest page that is known to stand. */
  get lastPage(): string | undefined {
    const message = [...this.#standing].toSorted(byAge).at(-1);
    return message === undefined ? undefined : pageId(this.#footing.channel, message);
  }

  async post(posting: Posting, signal: AbortSignal): Promise<string> {
    const { text, key } = posting;
    const { channel, replyTo } = await this.#footing.findToPost(this.#options.budgets);
    const reference =
      replyTo === undefined || !this.#repliesTaken
        ? {}
        : // A question that was deleted gets no answer in the middle of the channel.
          { message_reference: { message_id: replyTo, fail_if_not_exists: true } };
    const body = { nonce: key, enforce_nonce: true, ...quietly, ...reference };
    const path = `/channels/${channel}/messages` as const;
    let posted: Fields;
    try {
      posted = fieldsOf(
        await this.#write(text, (content) =>
          this.#calls.call('POST', path, { ...body, content }, signal),
        ),
      );
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === codes.cannotReply && this.#repliesTaken) this.#repliesTaken = false;
      else if (!this.#leaves(error)) throw error;
      return this.post(posting, signal);
    }
    const message = textOf(posted['id']);
    if (message === undefined) throw new CallFailed(`POST ${path}: posted without an id`);
    const id = pageId(channel, message);
    this.#options.posts.add(key, id);
    this.#standing.add(message);
    return id;
  }

  async find({ key, index }: Omit<Posting, 'text'>, signal: AbortSignal) {
    const { api, posts, after, botId } = this.#options;
    const known = posts.find(key);
    if (known !== undefined) return known;
    const ground = await this.#footing.find();
    const message = await findLostPage(api, ground, { index, after, botId: botId() }, signal);
    if (message === undefined) return undefined;
    this.#standing.add(message);
    return pageId(ground.channel, message);
  }

  async edit(id: string, text: string, signal: AbortSignal): Promise<void> {
    const { channel, message } = partsOfPage(id);
    const path = `/channels/${channel}/messages/${message}` as const;
    const write = () =>
      this.#write(text, (content) =>
        this.#calls.call('PATCH', path, { ...quietly, content }, signal),
      );
    await this.#calls.unarchived(channel, write, signal);
    this.#standing.add(message);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const { channel, message } = partsOfPage(id);
    // Discord tells of its end as if a person had deleted it.
    this.#standing.delete(message);
    const path = `/channels/${channel}/messages/${message}` as const;
    const drop = () => this.#calls.call('DELETE', path, undefined, signal);
    try {
      await this.#calls.unarchived(channel, drop, signal);
    } catch (error) {
      if (!(error instanceof Rejected && error.reason === 'removed')) throw error;
    }
  }

  get notice(): Notice | undefined {
    const { budgets } = this.#options;
    const { channel } = this.#footing;
    const asker = this.#options.asker(channel);
    const [message] = [...this.#standing].toSorted(byAge);
    if (asker === undefined || message === undefined) return undefined;
    return {
      budgets: budgets.of(asker.channel).post,
      post: (sentence, signal) =>
        callAsker(this.#calls, asker, { sentence, channel, message }, signal),
    };
  }

  /** Whether it is a message of this reply. */
  owns(message: string): boolean {
    return this.#standing.has(message);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  withdraw(): void {
    this.#calls.withdraw();
  }

  async #type(signal: AbortSignal): Promise<void> {
    // The thread is made at once: what is written first goes into it.
    const channel = await this.#footing.channelForNow();
    await wait(Math.max(0, this.#typesFrom - performance.now()), signal);
    const { api, budgets, denials } = this.#options;
    if (denials.has(channel)) return;
    // Where many ask at once their first words come sooner without it.
    while (budgets.everywhere.isScarce) await wait(lookAgainMs, signal);
    await api.call('POST', `/channels/${channel}/typing`, {}, signal);
  }

  /** Whether the reply begins elsewhere, as it may not where it was to begin. */
  #leaves(error: unknown): boolean {
    return this.#standing.size === 0 && wantsPermission(error) && this.#footing.leave();
  }

  #write(text: string, write: (content: string) => Promise<unknown>): Promise<unknown> {
    return this.#linkFilter.write(text.trim() === '' ? nothingYet : text, write);
  }
}

/** Discord shows it for ten seconds. */
const renewMs = 8_000;

/** "Parley is typing…", until a message is posted. */
export class Typing implements WorkingMark {
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
