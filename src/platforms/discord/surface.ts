import { CallFailed, RateLimited, Rejected } from '../../core/errors.ts';
import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import type { Posting, Surface } from '../../core/ports/surface.ts';
import { callTimeoutMs, type DiscordApi } from './api.ts';
import type { Budgets } from './budgets.ts';
import { type Denials, wantsPermission } from './denials.ts';
import { codes, Refused } from './faults.ts';
import type { Footing } from './footing.ts';
import { discordFormat } from './format.ts';
import type { Ground } from './ground.ts';
import { withoutLinks } from './links.ts';
import { findLostPage } from './lost-page.ts';
import { pageId, partsOfPage } from './pages.ts';
import type { Posts } from './posts.ts';
import { quietly } from './quietly.ts';
import { byAge } from './snowflake.ts';
import { Typing } from './typing.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

/** Discord takes no empty message. */
const nothingYet = '…';

export interface DiscordSurfaceOptions {
  readonly api: DiscordApi;
  readonly budgets: Budgets;
  readonly posts: Posts;
  readonly denials: Denials;
  /** The bot's user id; undefined while Discord has not told. */
  readonly botId: () => string | undefined;
  /** The channel that the reply is written in, as far as that is known without asking. */
  readonly likely: string;
  readonly footing: Footing;
  /** The reply's posts are all younger than this id. */
  readonly after: string;
  /** The messages that an earlier attempt posted. */
  readonly standing: readonly string[];
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
  #repliesTaken = true;
  #linksTaken = true;
  #withdrawn = false;
  #silence: { readonly ground: Ground; readonly code: number } | undefined;

  constructor(options: DiscordSurfaceOptions) {
    this.#options = options;
    this.#footing = options.footing;
    this.#standing = new Set(options.standing);
    this.working = new Typing((signal) => this.#type(signal));
  }

  get budgets(): Surface['budgets'] {
    return this.#options.budgets.of(this.#channel);
  }

  refusal(): Rejected | undefined {
    const { denials } = this.#options;
    if (this.#standing.size > 0 || !denials.has(this.#channel)) return undefined;
    return new Rejected('refused', `channel ${this.#channel}: refused a moment ago`);
  }

  /** Discord does not let the reply go on, but may take a sentence that says so. */
  get silence(): { readonly ground: Ground; readonly code: number } | undefined {
    return this.#silence;
  }

  /** The newest page that is known to stand. */
  get lastPage(): string | undefined {
    const message = [...this.#standing].toSorted(byAge).at(-1);
    return message === undefined ? undefined : pageId(this.#channel, message);
  }

  async post(posting: Posting, signal: AbortSignal): Promise<string> {
    const { text, key } = posting;
    const { channel, replyTo } = await this.#groundToPostOn();
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
          this.#call('POST', path, { ...body, content }, signal),
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
      this.#write(text, (content) => this.#call('PATCH', path, { ...quietly, content }, signal));
    await this.#unarchived(channel, write, signal);
    this.#standing.add(message);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const { channel, message } = partsOfPage(id);
    // Discord tells of its end as if a person had deleted it.
    this.#standing.delete(message);
    const path = `/channels/${channel}/messages/${message}` as const;
    const drop = () => this.#call('DELETE', path, undefined, signal);
    try {
      await this.#unarchived(channel, drop, signal);
    } catch (error) {
      if (!(error instanceof Rejected && error.reason === 'removed')) throw error;
    }
  }

  /** Whether it is a message of this reply. */
  owns(message: string): boolean {
    return this.#standing.has(message);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  withdraw(): void {
    this.#withdrawn = true;
  }

  /** Where the next page goes, as far as that is known. */
  get #channel(): string {
    return this.#footing.ground?.channel ?? this.#options.likely;
  }

  async #type(signal: AbortSignal): Promise<void> {
    const channel = await this.#footing.channelForNow();
    const { api, denials } = this.#options;
    if (denials.has(channel)) return;
    await api.call('POST', `/channels/${channel}/typing`, {}, signal);
  }

  /** Whether the reply begins elsewhere, as it may not where it was to begin. */
  #leaves(error: unknown): boolean {
    return this.#standing.size === 0 && wantsPermission(error) && this.#footing.leave();
  }

  /** The call was let go by the limits of the likely channel: another one may have no room. */
  async #groundToPostOn(): Promise<Ground> {
    const { budgets } = this.#options;
    const paced = this.#channel;
    const ground = await this.#footing.find();
    if (ground.channel === paced) return ground;
    for (const { key: budgetKey, told } of budgets.of(ground.channel).post) {
      const waitMs = (told?.resetsAt ?? 0) - performance.now();
      if (told?.left === 0 && waitMs > 0) throw new RateLimited(waitMs, { budgetKey });
    }
    return ground;
  }

  /** Discord archives threads that rest; one that is locked stays so, and the reply ends. */
  async #unarchived(
    channel: string,
    change: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== codes.archived) throw error;
      await this.#call('PATCH', `/channels/${channel}`, { archived: false }, signal);
      await change();
    }
  }

  /** A server may forbid links: what is left of the answer is better than none. */
  async #write(text: string, write: (content: string) => Promise<unknown>): Promise<unknown> {
    const content = text.trim() === '' ? nothingYet : text;
    try {
      return await write(this.#linksTaken ? content : withoutLinks(content));
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== codes.linkFilter || !this.#linksTaken) {
        throw error;
      }
      this.#linksTaken = false;
      return write(withoutLinks(content));
    }
  }

  async #call(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: `/channels/${string}`,
    body: Fields | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (this.#withdrawn && method !== 'DELETE') {
      throw new Rejected('removed', `${method} ${path}: a person deleted what it belongs to`);
    }
    const { api, budgets, denials } = this.#options;
    const [, , channel = ''] = path.split('/');
    if (method === 'POST' && denials.has(channel)) {
      throw new Rejected('refused', `${method} ${path}: refused a moment ago`);
    }
    try {
      const answer = await api.call(method, path, body && { body }, signal);
      this.#silence = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RateLimited && error.budgetKey === undefined) {
        // Of this channel: what is written elsewhere need not wait.
        const [{ key } = { key: channel }] = budgets.of(channel)[kinds[method]];
        throw new RateLimited(error.retryAfterMs, { cause: error, budgetKey: key });
      }
      if (error instanceof Refused && silencing.has(error.code)) {
        this.#silence = { ground: this.#footing.ground ?? { channel }, code: error.code };
      }
      // Its own messages may be changed without it.
      if (method === 'POST' && wantsPermission(error)) denials.add(channel);
      throw error;
    }
  }
}

const kinds = { POST: 'post', PATCH: 'edit', DELETE: 'remove' } as const;

/** What ends a reply while Discord may still take a sentence about it. */
const silencing = new Set<number>([
  codes.blockedByAutoMod,
  codes.titleBlockedByAutoMod,
  codes.linkFilter,
  codes.oldEdits,
]);
