// Tested by test/integration/slack-faults.test.ts
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { CallFailed, RateLimited, Rejected } from '../../../core/domain/errors.ts';
import { asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { PostRequest } from '../../../core/ports/surface.ts';
import type { SlackApi } from '../api/web-api.ts';
import { channelPostKey, methodKey } from '../api/rate-limits.ts';
import type { SlackLocation } from '../messages/conversation-location.ts';
import { pageMetadata } from './posted-messages.ts';
import { textBeforeUrl } from './link-safety.ts';
import { noticeArguments } from '../notices/user-notices.ts';
import type { StreamPolicy } from './streaming/stream-policy.ts';

export interface ReplyCallsOptions {
  readonly api: SlackApi;
  readonly backgroundCalls: BackgroundCalls;
  readonly streams: StreamPolicy;
  readonly location: SlackLocation;
  /** Throws `Rejected` if the bot does not belong to this place's workspace. */
  readonly ensureSameWorkspace: () => void;
  /** A message is about to be deleted: Slack reports it as if a person had done that. */
  readonly onDelete: (ts: string) => void;
}

/**
 * The calls that write a reply, in its own thread, until a person deletes it or its question. Each
 * throws what `SlackApi.call` throws, and `Rejected` where it may not be made.
 */
export class ReplyCalls {
  readonly #options: ReplyCallsOptions;
  #withdrawn = false;

  constructor(options: ReplyCallsOptions) {
    this.#options = options;
  }

  /** A person deleted a question or a part of the reply: nothing more is written. */
  stopWriting(): void {
    this.#withdrawn = true;
  }

  /** The reply is over: what a person withdrew is ended all the same. */
  close(): void {
    this.#withdrawn = false;
  }

  /** Resolves to the message's `ts`. */
  async post({ text, key, whole = false }: PostRequest, signal: AbortSignal): Promise<string> {
    const { channel, root } = this.#options.location;
    const args = {
      channel,
      ...(root === undefined ? {} : { thread_ts: root }),
      // Whoever calls this, no address is posted but where there is no other way.
      markdown_text: textBeforeUrl(text, { whole }),
      metadata: pageMetadata(key),
      unfurl_links: false,
      unfurl_media: false,
    };
    const ts = await this.#post(args, signal);
    if (ts === undefined) throw new CallFailed('chat.postMessage: posted without an id');
    return ts;
  }

  /** Posts a sentence of Parley's own behind the reply. */
  async postNotice(sentence: string, signal: AbortSignal): Promise<void> {
    await this.#post(noticeArguments(this.#options.location, sentence), signal);
  }

  async update(ts: string, text: string, signal: AbortSignal): Promise<void> {
    const { channel } = this.#options.location;
    await this.#call('chat.update', { channel, ts, markdown_text: text }, signal);
  }

  /** One of the methods for streams. */
  async stream(method: string, args: JsonRecord, signal: AbortSignal): Promise<JsonRecord> {
    const { channel } = this.#options.location;
    const answer = await this.#call(method, { channel, ...args }, signal);
    const { ts } = args;
    // The answer to a stream's end is the first that shows where its message is.
    if (typeof ts === 'string') await this.#ensureInThread(ts, asRecord(answer['message']), signal);
    return answer;
  }

  /** A message that is gone already is no error. */
  async delete(ts: string, signal: AbortSignal): Promise<void> {
    const { location, onDelete } = this.#options;
    onDelete(ts);
    try {
      await this.#call('chat.delete', { channel: location.channel, ts }, signal);
    } catch (error) {
      if (!(error instanceof Rejected && error.reason === 'removed')) throw error;
    }
  }

  async #post(args: JsonRecord, signal: AbortSignal): Promise<string | undefined> {
    const { team, channel } = this.#options.location;
    // What is posted elsewhere need not wait.
    const budgetKey = channelPostKey(team, channel);
    const answer = await this.#call('chat.postMessage', args, signal, budgetKey);
    const ts = asText(answer['ts']);
    if (ts !== undefined) await this.#ensureInThread(ts, asRecord(answer['message']), signal);
    return ts;
  }

  /** Under a question that was deleted Slack has no thread, and posts for the whole channel. */
  async #ensureInThread(ts: string, posted: JsonRecord, signal: AbortSignal): Promise<void> {
    const { location, backgroundCalls } = this.#options;
    const { root } = location;
    if (root === undefined || posted['ts'] === undefined || posted['thread_ts'] === root) return;
    await this.delete(ts, signal).catch(() =>
      backgroundCalls.run('take back a post', (end) => this.delete(ts, end)),
    );
    throw new Rejected('removed', 'the thread is gone');
  }

  /** @param budgetKey what is overdrawn if Slack rate-limits it: all else that was spent is not */
  async #call(
    method: string,
    args: JsonRecord,
    signal: AbortSignal,
    budgetKey = methodKey(this.#options.location.team, method),
  ): Promise<JsonRecord> {
    const { api, streams, ensureSameWorkspace } = this.#options;
    ensureSameWorkspace();
    if (this.#withdrawn && method !== 'chat.delete') {
      throw new Rejected('removed', `${method}: a person deleted what it belongs to`);
    }
    streams.noteCall(method);
    try {
      return await api.call(method, args, signal);
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
      const { retryAfterMs } = error;
      streams.noteRateLimit(method, retryAfterMs);
      throw new RateLimited(retryAfterMs, { budgetKey, cause: error });
    }
  }
}
