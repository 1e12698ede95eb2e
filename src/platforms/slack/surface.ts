import { CallFailed, RateLimited, Rejected } from '../../core/errors.ts';
import type { Posting, Surface, WorkingMark } from '../../core/ports/surface.ts';
import { callTimeoutMs, type SlackApi } from './api.ts';
import { budgetsFor, channelPostKey } from './budgets.ts';
import { Refused } from './faults.ts';
import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import { slackFormat } from './format.ts';
import type { Errands } from '../../core/errands.ts';
import type { Place } from './place.ts';
import { nothingYet, postable } from './postable.ts';
import type { StatusMark } from './status.ts';
import type { Threads } from './threads.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

const eventType = 'parley_page';

/** Errors that end a reply here while Slack still takes new messages. */
const editsOver = new Set(['edit_window_closed', 'cant_update_message']);

export interface SlackSurfaceOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly errands: Errands;
  readonly place: Place;
  /** The `ts` of the newest question: the reply's posts are all younger. */
  readonly newest: string;
  readonly status?: StatusMark;
  /** Throws `Rejected` if the bot does not belong to this place's workspace. */
  readonly ensureHome: () => void;
}

/** Writes a reply into a thread, or a direct conversation, by posts and edits. */
export class SlackSurface implements Surface {
  readonly format = slackFormat;
  readonly editFloorMs = editFloorMs;
  readonly callTimeoutMs = callTimeoutMs;
  readonly budgets: Surface['budgets'];
  /** Goes as soon as Slack refuses it. */
  working?: WorkingMark;
  readonly #options: SlackSurfaceOptions;
  /** Posts of this process, by key. */
  readonly #posted = new Map<string, string>();
  /** The `ts` of each message of this reply that is known to stand. */
  readonly #standing = new Set<string>();
  #editsOver = false;
  #withdrawn = false;

  constructor(options: SlackSurfaceOptions) {
    this.#options = options;
    this.budgets = budgetsFor(options.place);
    const { status } = options;
    if (status?.works !== true) return;
    this.working = status;
    status.onRefused = () => delete this.working;
  }

  /** Slack takes no edits of the reply any more, but may take a post. */
  get editsOver(): boolean {
    return this.#editsOver;
  }

  postable(text: string): string {
    return postable(text);
  }

  async post({ text, key }: Posting, signal: AbortSignal): Promise<string> {
    const { place, status } = this.#options;
    let answer: Fields;
    try {
      answer = await this.#call(
        'chat.postMessage',
        {
          ...this.#target(),
          // Whoever calls this, no address is posted.
          markdown_text: postable(text),
          metadata: { event_type: eventType, event_payload: { key } },
          unfurl_links: false,
          unfurl_media: false,
        },
        signal,
      );
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
      const { retryAfterMs } = error;
      const budgetKey = channelPostKey(place.team, place.channel);
      throw new RateLimited(retryAfterMs, { budgetKey, cause: error });
    }
    const ts = textOf(answer['ts']);
    if (ts === undefined) throw new CallFailed('chat.postMessage: posted without an id');
    await this.#ensureInThread(ts, fieldsOf(answer['message']), signal);
    this.#posted.set(key, ts);
    this.#standing.add(ts);
    status?.posted();
    return ts;
  }

  /** Under a question that was deleted Slack has no thread, and posts for the whole channel. */
  async #ensureInThread(ts: string, posted: Fields, signal: AbortSignal): Promise<void> {
    const { root } = this.#options.place;
    if (root === undefined || posted['ts'] === undefined || posted['thread_ts'] === root) return;
    await this.remove(ts, signal).catch(() =>
      this.#options.errands.run('take back a post', (end) => this.remove(ts, end)),
    );
    throw new Rejected('removed', 'chat.postMessage: the thread is gone');
  }

  async find({ key }: Pick<Posting, 'key'>, signal: AbortSignal): Promise<string | undefined> {
    const { threads, place, newest } = this.#options;
    const ts = this.#posted.get(key);
    if (ts !== undefined) return ts;
    this.#options.ensureHome();
    const found = await threads.find(place, newest, (message) => keyOf(message) === key, signal);
    if (found !== undefined) this.#standing.add(found);
    return found;
  }

  async edit(id: string, text: string, signal: AbortSignal): Promise<void> {
    const markdown_text = text.trim() === '' ? nothingYet : text;
    const { channel } = this.#options.place;
    try {
      await this.#call('chat.update', { channel, ts: id, markdown_text }, signal);
      this.#standing.add(id);
    } catch (error) {
      if (error instanceof Refused && editsOver.has(error.code)) this.#editsOver = true;
      throw error;
    }
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    // Slack tells of its end as if a person had deleted it.
    this.#standing.delete(id);
    try {
      await this.#call('chat.delete', { channel: this.#options.place.channel, ts: id }, signal);
    } catch (error) {
      if (!(error instanceof Rejected && error.reason === 'removed')) throw error;
    }
  }

  /** Whether it is a message of this reply. */
  owns(ts: string): boolean {
    return this.#standing.has(ts);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  withdraw(): void {
    this.#withdrawn = true;
  }

  async #call(method: string, args: Fields, signal: AbortSignal): Promise<Fields> {
    this.#options.ensureHome();
    if (this.#withdrawn && method !== 'chat.delete') {
      throw new Rejected('removed', `${method}: a person deleted what it belongs to`);
    }
    return this.#options.api.call(method, args, signal);
  }

  #target(): Fields {
    const { channel, root } = this.#options.place;
    return { channel, ...(root === undefined ? {} : { thread_ts: root }) };
  }
}

/** The idempotency key of one of our own posts. */
function keyOf(message: Fields): string | undefined {
  const metadata = fieldsOf(message['metadata']);
  if (metadata['event_type'] !== eventType) return undefined;
  return textOf(fieldsOf(metadata['event_payload'])['key']);
}
