// Tested by test/integration/slack-streams.test.ts
import { waitUnlessAborted } from '../../../../core/timing.ts';
import {
  CallFailed,
  MethodChanged,
  RateLimited,
  Rejected,
} from '../../../../core/domain/errors.ts';
import type {
  PageGrowth,
  PostRequest,
  Streaming,
  Surface,
} from '../../../../core/ports/surface.ts';
import { type StreamRateLimits, streamRateLimitsOf } from '../../api/rate-limits.ts';
import { SlackApiError } from '../../api/api-errors.ts';
import { pageMetadata } from '../posted-messages.ts';
import { maxStreamMs, MessageStream, type MessageStreamOptions } from './message-stream.ts';
import { streamableText } from '../link-safety.ts';
import type { BackgroundCalls } from '../../../common/platform-calls.ts';
import { asText, type JsonRecord } from '../../../../core/foreign-data.ts';
import { callTimeoutMs } from '../../api/web-api.ts';
import { isDirect, type SlackLocation } from '../../messages/conversation-location.ts';
import type { LostPostFinder } from '../lost-posts.ts';
import type { StreamPolicy } from './stream-policy.ts';

type Budgets = Surface['budgets'];

/** A reply that was offered a stream begins it within this time, in milliseconds, or does without. */
const offerMs = 1_500;

export interface ReplyStreamsOptions extends StreamStarterOptions {
  /** How long a stream is written before its message goes on by edits, in milliseconds. */
  readonly streamMs?: number;
}

/** The part of a reply that is written as streams, one message at a time. */
export class ReplyStreams implements Streaming {
  readonly #options: ReplyStreamsOptions;
  readonly #budgets: StreamRateLimits;
  readonly #starts: StreamStarter;
  /** The message that is a stream, or was one and is not shown by an edit yet. */
  #stream: MessageStream | undefined;
  #offered = false;
  /** What there is of the next message cannot begin as a stream: it is posted. */
  #posts = false;
  /** Streams have not failed this reply. */
  #mayStream = true;
  #offeredAt = 0;

  constructor(options: ReplyStreamsOptions) {
    this.#options = options;
    this.#budgets = streamRateLimitsOf(options.location);
    this.#starts = new StreamStarter(options);
  }

  /** What the next calls spend; `plain`: by posts and edits. */
  budgets(plain: Budgets): Budgets {
    const { start, append, stop } = this.#budgets;
    const next = this.#stream?.next;
    if (next !== undefined) {
      const edit = next === 'append' ? append : stop;
      return { post: plain.post, edit, remove: [...plain.remove, ...stop] };
    }
    if (!this.#offered) return plain;
    return { post: start, edit: append, remove: plain.remove };
  }

  get finalBudgets(): Budgets['edit'] | undefined {
    return this.#stream?.next !== undefined || this.#offered ? this.#budgets.stop : undefined;
  }

  /** As `Streaming.prepare`. */
  prepare(final: boolean): void {
    const { streams, location } = this.#options;
    const now = performance.now();
    // Other instances spend the same limit: words do not wait for a start that may be theirs.
    if (this.#offered && this.#stream === undefined && now - this.#offeredAt > offerMs) {
      this.#mayStream = false;
    }
    const before = this.#offered;
    const mayStream = this.#mayStream && !this.#posts && !this.#starts.failed;
    this.#offered = !final && mayStream && streams.offerStream(this, location);
    if (this.#offered && !before) this.#offeredAt = now;
    if (!this.#offered) streams.noteMode(this, 'edits');
  }

  /** As `Streaming.due`. */
  due(ts: string): 'more' | 'end' | undefined {
    return this.#of(ts)?.due;
  }

  /**
   * Begins a stream if that is prepared; resolves to its `ts`, or to undefined where the page is to
   * be posted. Throws `MethodChanged` where it is to be posted after all, which spends what a post does:
   * Slack refuses, or there is nothing yet that a stream may show.
   */
  async begin(
    { text, key, written }: PostRequest,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (!this.#offered) {
      this.#posts = false;
      return undefined;
    }
    this.#offered = false;
    const { streams, streamMs = maxStreamMs } = this.#options;
    const shown = streamableText(written?.() ?? text);
    if (shown.over) this.#mayStream = false;
    if (shown.over || shown.text === '') {
      this.#posts = true;
      throw new MethodChanged('nothing that a stream may show', { called: false });
    }
    streams.noteMode(this, 'stream');
    const ts = await this.#starts.begin(shown.text, signal);
    this.track(ts, { sent: shown.text, lastsMs: streamMs, metadata: pageMetadata(key) });
    return ts;
  }

  /** The message is a stream, or may be one; without `sent` all that can be done is to stop it. */
  track(ts: string, options: Partial<MessageStreamOptions> = {}): void {
    const { streams, call } = this.#options;
    streams.noteMode(this, 'stream');
    this.#stream = new MessageStream({
      ts,
      lastsMs: 0,
      ...options,
      call: async (method, args, signal) => {
        await call(method, args, signal);
      },
    });
  }

  /** A start whose answer was lost is found. */
  found(ts: string): void {
    this.#starts.found();
    this.track(ts);
  }

  /** Shows the text if the message is a stream; false if it is not, and an edit shows it. */
  async show(ts: string, text: string, growth: PageGrowth, signal: AbortSignal): Promise<boolean> {
    const stream = this.#of(ts);
    if (stream?.next === undefined) return false;
    try {
      await stream.show(growth.written?.() ?? text, growth.final, signal);
    } finally {
      if (stream.endedEarly) this.#mayStream = false;
      if (stream.next === undefined) this.#options.streams.noteMode(this, 'edits');
      if (stream.next === undefined && stream.due === undefined) this.#stream = undefined;
    }
    return true;
  }

  /** An edit shows the message's text. */
  edited(ts: string): void {
    if (this.#of(ts) !== undefined) this.#stream = undefined;
    this.#options.streams.noteMode(this, 'edits');
  }

  /**
   * An edit was refused as the message is a stream: an earlier attempt left it so. Throws
   * `CallFailed` if it was stopped already: that may come through yet.
   */
  conflicts(ts: string, cause: SlackApiError): void {
    const stopped = this.#of(ts) !== undefined;
    this.#mayStream = false;
    this.track(ts);
    if (stopped) throw new CallFailed('chat.update: still a stream', { cause });
  }

  /** Ends the message's stream, if it is one. */
  async stop(ts: string, signal: AbortSignal): Promise<void> {
    await this.#of(ts)?.stop(signal);
  }

  /** The reply is over: nothing is left open. */
  close(): void {
    const { streams, backgroundCalls } = this.#options;
    streams.forget(this);
    const stream = this.#stream;
    if (stream?.next !== undefined) {
      backgroundCalls.run('stop a stream', async (signal) => {
        await stream.stop(signal).catch((error: unknown) => {
          if (!(error instanceof Rejected)) throw error;
        });
      });
    }
    this.#starts.close();
  }

  #of(ts: string): MessageStream | undefined {
    return this.#stream?.ts === ts ? this.#stream : undefined;
  }
}

export interface StreamStarterOptions {
  readonly streams: StreamPolicy;
  readonly lostPosts: LostPostFinder;
  readonly backgroundCalls: BackgroundCalls;
  readonly location: SlackLocation;
  /** Who asked: Slack wants to know it in channels. */
  readonly asker?: string;
  /** Aborts when the service ends: nothing is waited for any more. */
  readonly ending: AbortSignal;
  /** Calls a method for streams in the reply's channel. */
  readonly call: (method: string, args: JsonRecord, signal: AbortSignal) => Promise<JsonRecord>;
}

/** Begins the streams of a reply; one whose answer was lost is stopped and removed in the end. */
export class StreamStarter {
  readonly #options: StreamStarterOptions;
  #failed = false;
  /** When a stream may have begun that nobody knows of. */
  #lostAt: number | undefined;

  constructor(options: StreamStarterOptions) {
    this.#options = options;
  }

  /** One was refused, or lost: the reply is better written by edits. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Resolves to the stream's `ts`. Throws `MethodChanged` if Slack refuses it. */
  async begin(text: string, signal: AbortSignal): Promise<string> {
    const { streams, location, asker, call } = this.#options;
    const recipient =
      isDirect(location.channel) || asker === undefined
        ? {}
        : { recipient_user_id: asker, recipient_team_id: location.team };
    const args = { thread_ts: location.root, ...recipient, markdown_text: text };
    try {
      const ts = asText((await call('chat.startStream', args, signal))['ts']);
      if (ts === undefined) throw new CallFailed('chat.startStream: begun without an id');
      return ts;
    } catch (error) {
      if (error instanceof SlackApiError && error.reason === 'refused') {
        this.#failed = true;
        streams.noteRefusal(location, error.code);
        throw new MethodChanged('Slack refuses the stream', { called: true, cause: error });
      }
      if (!(error instanceof RateLimited || error instanceof Rejected)) {
        this.#failed = true;
        this.#lostAt = performance.now();
      }
      throw error;
    }
  }

  /** The one whose answer was lost is found. */
  found(): void {
    this.#lostAt = undefined;
  }

  /** The reply is over. */
  close(): void {
    const { backgroundCalls, lostPosts, ending } = this.#options;
    const lostAt = this.#lostAt;
    if (lostAt === undefined) return;
    backgroundCalls.run('look for a lost stream', async (signal) => {
      // It may come late. Where nobody can wait for it, it is removed if it came already.
      await waitUnlessAborted(Math.max(0, lostAt + callTimeoutMs - performance.now()), ending);
      await lostPosts.removeStreams(signal);
    });
  }
}
