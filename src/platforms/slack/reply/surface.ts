// Tested by test/integration/slack-faults.test.ts
import type {
  AskerNotice,
  PageGrowth,
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
import type { ReplyMessages } from './posted-messages.ts';
import { ReplyStreams, type StreamStarterOptions } from './streaming/reply-streams.ts';
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
    Omit<StreamStarterOptions, 'lostPosts' | 'call'> {
  readonly api: ReplyCallsOptions['api'];
  readonly duplicates: DuplicatePosts;
  /** What earlier attempts posted, or perhaps posted. */
  readonly pages: readonly PageRecord[];
  readonly status?: AssistantStatus;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
  readonly messages: ReplyMessages;
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
  readonly #messages: ReplyMessages;
  readonly #plainBudgets: Surface['budgets'];
  readonly #calls: ReplyCalls;
  readonly #lostPosts: LostPostFinder;
  readonly #streamer: ReplyStreams;
  #editsOver = false;

  constructor(options: SlackSurfaceOptions) {
    this.#options = options;
    this.#plainBudgets = rateLimitsOf(options.location);
    this.#messages = options.messages;
    this.#calls = new ReplyCalls({ ...options, onDelete: (ts) => this.#messages.delete(ts) });
    const isKnown = (ts: string): boolean => this.#messages.isOfSomeReply(ts);
    this.#lostPosts = new LostPostFinder({ ...options, isKnown });
    this.#streamer = new ReplyStreams({
      ...options,
      lostPosts: this.#lostPosts,
      call: (method, args, signal) => this.#calls.stream(method, args, signal),
    });
    for (const { key, id } of options.pages) {
      if (id === undefined) continue;
      this.#messages.add(id, key);
      options.duplicates.recover(key, id, this.#lostPosts);
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
    this.#noteMessage(key, ts);
    this.#options.status?.posted();
    return ts;
  }

  async find({ key }: Pick<PostRequest, 'key'>, signal: AbortSignal): Promise<string | undefined> {
    const ts = this.#messages.tsOf(key);
    if (ts !== undefined) return ts;
    const { duplicates, ensureSameWorkspace } = this.#options;
    ensureSameWorkspace();
    const reported = this.#messages.reportedTsOf(key);
    const found =
      reported === undefined
        ? await this.#lostPosts.find(key, signal)
        : { ts: reported, isStream: false };
    if (found === undefined) {
      duplicates.postRetried(key, this.#lostPosts);
      return undefined;
    }
    this.#noteMessage(key, found.ts);
    // It may have been the second try, of a process that ended before its answer came.
    duplicates.recover(key, found.ts, this.#lostPosts);
    if (found.isStream) this.#streamer.found(found.ts);
    return found.ts;
  }

  #noteMessage(key: string, ts: string): void {
    this.#messages.add(ts, key);
    this.#options.duplicates.resolved(key, ts);
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
      this.#messages.add(id);
      this.#streamer.edited(id);
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      if (editsOver.has(error.code)) this.#editsOver = true;
      if (error.code !== 'streaming_state_conflict') throw error;
      this.#messages.add(id);
      this.#streamer.conflicts(id, error);
    }
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#streamer.stop(id, signal);
    for (const key of this.#messages.removePages(id))
      this.#options.duplicates.resolved(key, undefined);
    await this.#calls.delete(id, signal);
  }

  get notice(): AskerNotice | undefined {
    const { asker } = this.#options;
    if (asker === undefined || this.#messages.isEmpty) return undefined;
    return {
      budgets: this.#plainBudgets.post,
      post: (sentence, signal) => this.#calls.postNotice(`<@${asker}> ${sentence}`, signal),
    };
  }

  /** Whether it is a message of this reply. */
  owns(ts: string): boolean {
    return this.#messages.has(ts);
  }

  /** The reply is over. */
  close(): void {
    this.#calls.close();
    this.#streamer.close();
    this.#options.duplicates.close(this.#lostPosts);
  }

  /** The reply was left before its end. */
  abandon(): void {
    this.#options.duplicates.abandon(this.#lostPosts);
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void {
    this.#calls.stopWriting();
  }
}
