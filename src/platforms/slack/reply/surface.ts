import type {
  PageGrowth,
  AskerNotice,
  PostRequest,
  Streaming,
  Surface,
  WorkingMark,
} from '../../../core/ports/surface.ts';
import type { PageRecord } from '../../../core/domain/turn.ts';
import { callTimeoutMs } from '../api/web-api.ts';
import { rateLimitsOf } from '../api/rate-limits.ts';
import { ReplyCalls, type ReplyCallsOptions } from './reply-calls.ts';
import type { DuplicatePosts } from './duplicate-posts.ts';
import { SlackApiError } from '../api/api-errors.ts';
import { slackFormat } from './markdown-format.ts';
import { emptyPageText, textBeforeUrl } from './link-safety.ts';
import { ReplyMessages } from './posted-messages.ts';
import { type StreamStarterOptions, ReplyStreams } from './streaming/reply-streams.ts';
import type { AssistantStatus } from './assistant-status.ts';
import { LostPostFinder, type LostPostFinderOptions } from './lost-posts.ts';

/** Faster than that, texts flicker. */
const editFloorMs = 250;

/** Errors that end a reply here while Slack still takes new messages. */
const editsOver = new Set(['edit_window_closed', 'cant_update_message']);

export interface SlackSurfaceOptions
  extends
    Omit<ReplyCallsOptions, 'onDelete'>,
    Omit<LostPostFinderOptions, 'isKnown'>,
    Omit<StreamStarterOptions, 'strays' | 'call'> {
  readonly api: ReplyCallsOptions['api'];
  readonly doubles: DuplicatePosts;
  /** What earlier attempts posted, or perhaps posted. */
  readonly pages: readonly PageRecord[];
  readonly status?: AssistantStatus;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
  /** The reply is known to stand in this message. */
  readonly onStands: (ts: string) => void;
  /** The `ts` of the post with this key, if an event told of it. */
  readonly heard: (key: string) => string | undefined;
  /** Whether another turn's reply is known to stand in it. */
  readonly isOfAnother: (ts: string) => boolean;
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
  readonly #standing: ReplyMessages;
  readonly #plainBudgets: Surface['budgets'];
  readonly #calls: ReplyCalls;
  readonly #strays: LostPostFinder;
  readonly #streamer: ReplyStreams;
  #editsOver = false;

  constructor(options: SlackSurfaceOptions) {
    this.#options = options;
    this.#plainBudgets = rateLimitsOf(options.place);
    this.#standing = new ReplyMessages(options.onStands);
    this.#calls = new ReplyCalls({ ...options, onDelete: (ts) => this.#standing.goes(ts) });
    const isKnown = (ts: string): boolean => this.owns(ts) || options.isOfAnother(ts);
    this.#strays = new LostPostFinder({ ...options, isKnown });
    this.#streamer = new ReplyStreams({
      ...options,
      strays: this.#strays,
      call: (method, args, signal) => this.#calls.stream(method, args, signal),
    });
    for (const { key, id } of options.pages) {
      if (id === undefined) continue;
      this.#standing.stands(id, key);
      options.doubles.recover(key, id, this.#strays);
    }
    const { status } = options;
    if (status?.isSupported !== true) return;
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

  get streaming(): Streaming {
    return this.#streamer;
  }

  postableText(text: string, options?: { readonly whole: boolean }): string {
    return textBeforeUrl(text, options);
  }

  async post(posting: PostRequest, signal: AbortSignal): Promise<string> {
    const { key } = posting;
    const ts =
      (await this.#streamer.begin(posting, signal)) ?? (await this.#calls.post(posting, signal));
    this.#stands(key, ts);
    this.#options.status?.posted();
    return ts;
  }

  async find({ key }: Pick<PostRequest, 'key'>, signal: AbortSignal): Promise<string | undefined> {
    const ts = this.#standing.of(key);
    if (ts !== undefined) return ts;
    const { doubles, ensureSameWorkspace } = this.#options;
    ensureSameWorkspace();
    const heard = this.#options.heard(key);
    const found =
      heard === undefined ? await this.#strays.find(key, signal) : { ts: heard, isStream: false };
    if (found === undefined) {
      doubles.postRetried(key, this.#strays);
      return undefined;
    }
    this.#stands(key, found.ts);
    // It may have been the second try, of a process that ended before its answer came.
    doubles.recover(key, found.ts, this.#strays);
    if (found.isStream) this.#streamer.found(found.ts);
    return found.ts;
  }

  #stands(key: string, ts: string): void {
    this.#standing.stands(ts, key);
    this.#options.doubles.resolved(key, ts);
  }

  async edit(
    id: string,
    text: string,
    signal: AbortSignal,
    growth: PageGrowth = { final: false },
  ): Promise<void> {
    if (await this.#streamer.show(id, text, growth, signal)) return;
    try {
      await this.#calls.update(id, text.trim() === '' ? emptyPageText : text, signal);
      this.#standing.stands(id);
      this.#streamer.edited(id);
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      if (editsOver.has(error.code)) this.#editsOver = true;
      if (error.code !== 'streaming_state_conflict') throw error;
      this.#standing.stands(id);
      this.#streamer.conflicts(id, error);
    }
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#streamer.stop(id, signal);
    for (const key of this.#standing.leave(id)) this.#options.doubles.resolved(key, undefined);
    await this.#calls.delete(id, signal);
  }

  get notice(): AskerNotice | undefined {
    const { asker } = this.#options;
    if (asker === undefined || !this.#standing.any) return undefined;
    return {
      budgets: this.#plainBudgets.post,
      post: (sentence, signal) => this.#calls.postNotice(`<@${asker}> ${sentence}`, signal),
    };
  }

  /** Whether it is a message of this reply. */
  owns(ts: string): boolean {
    return this.#standing.has(ts);
  }

  /** The reply is over. */
  close(): void {
    this.#calls.close();
    this.#streamer.close();
    this.#options.doubles.close(this.#strays);
  }

  /** The reply was left before its end. */
  leave(): void {
    this.#options.doubles.leave(this.#strays);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void {
    this.#calls.stopWriting();
  }
}
