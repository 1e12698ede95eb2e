import { CallFailed, RateLimited, Rejected } from '../../core/errors.ts';
import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import type { Posting, Surface } from '../../core/ports/surface.ts';
import { callTimeoutMs, type DiscordApi, messagesIn } from './api.ts';
import type { Budgets } from './budgets.ts';
import { codes, Refused } from './faults.ts';
import { discordFormat } from './format.ts';
import type { Ground } from './ground.ts';
import { withoutLinks } from './links.ts';
import { pageAmong, pageId, partsOfPage } from './pages.ts';
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
  /** The bot's user id; undefined while Discord has not told. */
  readonly botId: () => string | undefined;
  /** The channel that the reply is written in, as far as that is known without asking. */
  readonly likely: string;
  readonly findGround: (signal: AbortSignal) => Promise<Ground>;
  /** The newest question, or what was written last before: the reply's posts are all younger. */
  readonly after: string;
}

/** Writes a reply into a thread, a channel or a direct conversation, by REST alone. */
export class DiscordSurface implements Surface {
  readonly format = discordFormat;
  readonly editFloorMs = editFloorMs;
  readonly callTimeoutMs = callTimeoutMs;
  readonly working: Typing;
  readonly #options: DiscordSurfaceOptions;
  #ground: Ground | undefined;
  #finding: Promise<Ground> | undefined;
  /** The id of each message of this reply that is known to stand. */
  readonly #standing = new Set<string>();
  #repliesTaken = true;
  #linksTaken = true;
  #withdrawn = false;
  #silence: { readonly ground: Ground; readonly code: number } | undefined;

  constructor(options: DiscordSurfaceOptions) {
    this.#options = options;
    this.working = new Typing(options.api, () => this.#findGround());
  }

  get budgets(): Surface['budgets'] {
    return this.#options.budgets.of(this.#ground?.channel ?? this.#options.likely);
  }

  /** Discord does not let the reply go on, but may take a sentence that says so. */
  get silence(): { readonly ground: Ground; readonly code: number } | undefined {
    return this.#silence;
  }

  /** The newest message that is known to stand. */
  get newest(): string | undefined {
    return [...this.#standing].toSorted(byAge).at(-1);
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
      if (!(error instanceof Refused) || error.code !== codes.cannotReply) throw error;
      this.#repliesTaken = false;
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
    const ground = await this.#findGround();
    const self = botId();
    if (self === undefined) throw new CallFailed('it is not known yet who the bot is');
    const query = { after, limit: '100' };
    const path = `/channels/${ground.channel}/messages` as const;
    const messages = messagesIn(await api.call('GET', path, { query }, signal));
    const message = pageAmong(messages, { author: self, replyTo: ground.replyTo, index });
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

  /** Once for all who ask, and not ended by any of them. */
  async #findGround(): Promise<Ground> {
    if (this.#ground !== undefined) return this.#ground;
    const finding = (this.#finding ??= this.#options
      .findGround(AbortSignal.timeout(callTimeoutMs))
      .finally(() => {
        this.#finding = undefined;
      }));
    this.#ground = await finding;
    return this.#ground;
  }

  /** The call was let go by the limits of the likely channel: another one may have no room. */
  async #groundToPostOn(): Promise<Ground> {
    const { budgets, likely } = this.#options;
    const paced = this.#ground?.channel ?? likely;
    const ground = await this.#findGround();
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
    try {
      const answer = await this.#options.api.call(method, path, body && { body }, signal);
      this.#silence = undefined;
      return answer;
    } catch (error) {
      if (error instanceof Refused && silencing.has(error.code)) {
        const [, , channel = ''] = path.split('/');
        this.#silence = { ground: this.#ground ?? { channel }, code: error.code };
      }
      throw error;
    }
  }
}

/** What ends a reply while Discord may still take a sentence about it. */
const silencing = new Set<number>([
  codes.blockedByAutoMod,
  codes.titleBlockedByAutoMod,
  codes.linkFilter,
  codes.oldEdits,
]);
