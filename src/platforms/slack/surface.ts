import { CallFailed, RateLimited, Rejected } from '../../core/errors.ts';
import type { Growth, Posting, Surface, WorkingMark } from '../../core/ports/surface.ts';
import type { PageRecord } from '../../core/turn.ts';
import { callTimeoutMs, type SlackApi } from './api.ts';
import { budgetsFor, channelPostKey } from './budgets.ts';
import { Refused } from './faults.ts';
import { type Fields, fieldsOf, textOf } from '../../core/fields.ts';
import { slackFormat } from './format.ts';
import type { Doubles } from './doubles.ts';
import type { Errands } from '../../core/errands.ts';
import { metadataOf } from './page-key.ts';
import type { Place } from './place.ts';
import { nothingYet, postable } from './postable.ts';
import type { Self } from './self.ts';
import type { StatusMark } from './status.ts';
import { Strays } from './strays.ts';
import { Streamer } from './streamer.ts';
import type { Streams } from './streams.ts';
import type { Threads } from './threads.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

/** Errors that end a reply here while Slack still takes new messages. */
const editsOver = new Set(['edit_window_closed', 'cant_update_message']);

export interface SlackSurfaceOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly errands: Errands;
  readonly doubles: Doubles;
  readonly place: Place;
  /** The `ts` of the newest question: the reply's posts are all younger. */
  readonly newest: string;
  /** What earlier attempts posted, or perhaps posted. */
  readonly pages: readonly PageRecord[];
  readonly status?: StatusMark;
  readonly streams: Streams;
  /** The id of the person who asked. */
  readonly asker?: string;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
  readonly self: () => Self | undefined;
  /** Throws `Rejected` if the bot does not belong to this place's workspace. */
  readonly ensureHome: () => void;
}

/**
 * Writes a reply into a thread, or a direct conversation: by posts and edits, or as streams where
 * those carry more.
 */
export class SlackSurface implements Surface {
  readonly format = slackFormat;
  readonly editFloorMs = editFloorMs;
  readonly callTimeoutMs = callTimeoutMs;
  /** Goes as soon as Slack refuses it. */
  working?: WorkingMark;
  readonly #options: SlackSurfaceOptions;
  /** The message of each page that is known to have one, by key. */
  readonly #posted = new Map<string, string>();
  /** The `ts` of each message of this reply that is known to stand. */
  readonly #standing = new Set<string>();
  readonly #plainBudgets: Surface['budgets'];
  readonly #strays: Strays;
  readonly #streamer: Streamer;
  #editsOver = false;
  #withdrawn = false;

  constructor(options: SlackSurfaceOptions) {
    this.#options = options;
    this.#plainBudgets = budgetsFor(options.place);
    this.#strays = new Strays({ ...options, isKnown: (ts) => this.#standing.has(ts) });
    this.#streamer = new Streamer({
      ...options,
      strays: this.#strays,
      call: (method, args, signal) => this.#callStream(method, args, signal),
    });
    for (const { key, id } of options.pages) {
      if (id === undefined) continue;
      this.#posted.set(key, id);
      this.#standing.add(id);
      options.doubles.recover(key, id, this.#strays);
    }
    const { status } = options;
    if (status?.works !== true) return;
    this.working = status;
    status.onRefused = () => delete this.working;
  }

  /** Slack takes no edits of the reply any more, but may take a post. */
  get editsOver(): boolean {
    return this.#editsOver;
  }

  get budgets(): Surface['budgets'] {
    return this.#streamer.budgets(this.#plainBudgets);
  }

  get finishing(): Surface['finishing'] {
    return this.#streamer.finishing;
  }

  prepare(final: boolean): void {
    this.#streamer.prepare(final);
  }

  due(id: string): 'more' | 'end' | undefined {
    return this.#streamer.due(id);
  }

  postable(text: string): string {
    return postable(text);
  }

  async post(posting: Posting, signal: AbortSignal): Promise<string> {
    const ts = (await this.#streamer.begin(posting, signal)) ?? (await this.#post(posting, signal));
    this.#stands(posting.key, ts);
    this.#options.status?.posted();
    return ts;
  }

  async #post({ text, key }: Posting, signal: AbortSignal): Promise<string> {
    const { place } = this.#options;
    let answer: Fields;
    try {
      answer = await this.#call(
        'chat.postMessage',
        {
          ...this.#target(),
          // Whoever calls this, no address is posted.
          markdown_text: postable(text),
          metadata: metadataOf(key),
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
    return ts;
  }

  /** Under a question that was deleted Slack has no thread, and posts for the whole channel. */
  async #ensureInThread(ts: string, posted: Fields, signal: AbortSignal): Promise<void> {
    const { root } = this.#options.place;
    if (root === undefined || posted['ts'] === undefined || posted['thread_ts'] === root) return;
    await this.#delete(ts, signal).catch(() =>
      this.#options.errands.run('take back a post', (end) => this.#delete(ts, end)),
    );
    throw new Rejected('removed', 'the thread is gone');
  }

  async find({ key }: Pick<Posting, 'key'>, signal: AbortSignal): Promise<string | undefined> {
    const ts = this.#posted.get(key);
    if (ts !== undefined) return ts;
    const { doubles, errands, ensureHome } = this.#options;
    ensureHome();
    const { posts, streams } = await this.#strays.look(signal);
    const [found, ...late] = posts.get(key) ?? [];
    const begun = found === undefined ? streams[0] : undefined;
    for (const one of late) {
      errands.run('remove a late post', (end) => this.#strays.removePost(one, end));
    }
    for (const one of streams.filter((ts) => ts !== begun)) {
      errands.run('remove a stray', (end) => this.#strays.removeStream(one, end));
    }
    const ours = found ?? begun;
    if (ours === undefined) {
      doubles.expect(key, this.#strays);
    } else {
      this.#stands(key, ours);
      // It may have been the second try, of a process that ended before its answer came.
      doubles.recover(key, ours, this.#strays);
    }
    if (begun !== undefined) this.#streamer.found(begun);
    return ours;
  }

  #stands(key: string, ts: string): void {
    this.#posted.set(key, ts);
    this.#standing.add(ts);
    this.#options.doubles.settle(key, ts);
  }

  async edit(
    id: string,
    text: string,
    signal: AbortSignal,
    growth: Growth = { final: false },
  ): Promise<void> {
    if (await this.#streamer.show(id, text, growth, signal)) return;
    const markdown_text = text.trim() === '' ? nothingYet : text;
    const { channel } = this.#options.place;
    try {
      await this.#call('chat.update', { channel, ts: id, markdown_text }, signal);
      this.#standing.add(id);
      this.#streamer.edited(id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (editsOver.has(error.code)) this.#editsOver = true;
      if (error.code !== 'streaming_state_conflict') throw error;
      this.#standing.add(id);
      this.#streamer.conflicts(id, error);
    }
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#streamer.stop(id, signal);
    for (const [key, ts] of this.#posted) {
      if (ts !== id) continue;
      this.#posted.delete(key);
      this.#options.doubles.settle(key, undefined);
    }
    await this.#delete(id, signal);
  }

  async #delete(id: string, signal: AbortSignal): Promise<void> {
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

  /** The reply is over. */
  close(): void {
    // What a person withdrew is stopped all the same.
    this.#withdrawn = false;
    this.#streamer.close();
    this.#options.doubles.close(this.#strays);
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
    const { api, streams } = this.#options;
    streams.calls(method);
    try {
      return await api.call(method, args, signal);
    } catch (error) {
      if (error instanceof RateLimited) streams.rateLimited(method, error.retryAfterMs);
      throw error;
    }
  }

  async #callStream(method: string, args: Fields, signal: AbortSignal): Promise<Fields> {
    const answer = await this.#call(method, args, signal);
    const { ts } = args;
    // A stream's end is the first that Slack tells of where its message stands.
    if (typeof ts === 'string') await this.#ensureInThread(ts, fieldsOf(answer['message']), signal);
    return answer;
  }

  #target(): Fields {
    const { channel, root } = this.#options.place;
    return { channel, ...(root === undefined ? {} : { thread_ts: root }) };
  }
}
