import { CallFailed, OtherWay, RateLimited, Rejected } from '../../../../core/domain/errors.ts';
import type { Growth, Posting, Surface } from '../../../../core/ports/surface.ts';
import { type StreamBudgets, streamBudgetsFor } from '../../api/rate-limits.ts';
import { Refused } from '../../api/api-errors.ts';
import { metadataOf } from '../posted-messages.ts';
import { Stream, streamLastsMs, type StreamOptions } from './message-stream.ts';
import { streamable } from '../link-safety.ts';
import type { Errands } from '../../../common/background-calls.ts';
import { type Fields, textOf } from '../../../../core/foreign-data.ts';
import { callTimeoutMs } from '../../api/web-api.ts';
import { pause } from '../../../common/abortable-sleep.ts';
import { isDirect, type Place } from '../../messages/conversation-location.ts';
import type { Strays } from '../lost-posts.ts';
import type { Streams } from './stream-policy.ts';

type Budgets = Surface['budgets'];

/** A reply that was offered a stream begins it within this time, in milliseconds, or does without. */
const offerMs = 1_500;

export interface StreamerOptions extends StartsOptions {
  /** How long a stream is written before its message goes on by edits, in milliseconds. */
  readonly streamMs?: number;
}

/** The part of a reply that is written as streams, one message at a time. */
export class Streamer {
  readonly #options: StreamerOptions;
  readonly #budgets: StreamBudgets;
  readonly #starts: Starts;
  /** The message that is a stream, or was one and is not shown by an edit yet. */
  #stream: Stream | undefined;
  #offered = false;
  /** What there is of the next message cannot begin as a stream: it is posted. */
  #posts = false;
  /** Streams have not failed this reply. */
  #mayStream = true;
  #offeredAt = 0;

  constructor(options: StreamerOptions) {
    this.#options = options;
    this.#budgets = streamBudgetsFor(options.place);
    this.#starts = new Starts(options);
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

  get finishing(): Budgets['edit'] | undefined {
    return this.#stream?.next !== undefined || this.#offered ? this.#budgets.stop : undefined;
  }

  /** As `Surface.prepare`. */
  prepare(final: boolean): void {
    const { streams, place } = this.#options;
    const now = performance.now();
    // Other instances spend the same limit: words do not wait for a start that may be theirs.
    if (this.#offered && this.#stream === undefined && now - this.#offeredAt > offerMs) {
      this.#mayStream = false;
    }
    const before = this.#offered;
    const mayStream = this.#mayStream && !this.#posts && !this.#starts.failed;
    this.#offered = !final && mayStream && streams.offers(this, place);
    if (this.#offered && !before) this.#offeredAt = now;
    if (!this.#offered) streams.writes(this, 'edits');
  }

  /** As `Surface.due`. */
  due(ts: string): 'more' | 'end' | undefined {
    return this.#of(ts)?.due;
  }

  /**
   * Begins a stream if that is prepared; resolves to its `ts`, or to undefined where the page is to
   * be posted. Throws `OtherWay` where it is to be posted after all, which spends what a post does:
   * Slack refuses, or there is nothing yet that a stream may show.
   */
  async begin({ text, key, written }: Posting, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#offered) {
      this.#posts = false;
      return undefined;
    }
    this.#offered = false;
    const { streams, streamMs = streamLastsMs } = this.#options;
    const shown = streamable(written?.() ?? text);
    if (shown.over) this.#mayStream = false;
    if (shown.over || shown.text === '') {
      this.#posts = true;
      throw new OtherWay('nothing that a stream may show', { called: false });
    }
    streams.writes(this, 'stream');
    const ts = await this.#starts.begin(shown.text, signal);
    this.hold(ts, { sent: shown.text, lastsMs: streamMs, metadata: metadataOf(key) });
    return ts;
  }

  /** The message is a stream, or may be one; without `sent` all that can be done is to stop it. */
  hold(ts: string, options: Partial<StreamOptions> = {}): void {
    const { streams, call } = this.#options;
    streams.writes(this, 'stream');
    this.#stream = new Stream({
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
    this.hold(ts);
  }

  /** Shows the text if the message is a stream; false if it is not, and an edit shows it. */
  async show(ts: string, text: string, growth: Growth, signal: AbortSignal): Promise<boolean> {
    const stream = this.#of(ts);
    if (stream?.next === undefined) return false;
    try {
      await stream.show(growth.written?.() ?? text, growth.final, signal);
    } finally {
      if (stream.spoilt) this.#mayStream = false;
      if (stream.next === undefined) this.#options.streams.writes(this, 'edits');
      if (stream.next === undefined && stream.due === undefined) this.#stream = undefined;
    }
    return true;
  }

  /** An edit shows the message's text. */
  edited(ts: string): void {
    if (this.#of(ts) !== undefined) this.#stream = undefined;
    this.#options.streams.writes(this, 'edits');
  }

  /**
   * An edit was refused as the message is a stream: an earlier attempt left it so. Throws
   * `CallFailed` if it was stopped already: that may come through yet.
   */
  conflicts(ts: string, cause: Refused): void {
    const stopped = this.#of(ts) !== undefined;
    this.#mayStream = false;
    this.hold(ts);
    if (stopped) throw new CallFailed('chat.update: still a stream', { cause });
  }

  /** Ends the message's stream, if it is one. */
  async stop(ts: string, signal: AbortSignal): Promise<void> {
    await this.#of(ts)?.stop(signal);
  }

  /** The reply is over: nothing is left open. */
  close(): void {
    const { streams, errands } = this.#options;
    streams.leaves(this);
    const stream = this.#stream;
    if (stream?.next !== undefined) {
      errands.run('stop a stream', async (signal) => {
        await stream.stop(signal).catch((error: unknown) => {
          if (!(error instanceof Rejected)) throw error;
        });
      });
    }
    this.#starts.close();
  }

  #of(ts: string): Stream | undefined {
    return this.#stream?.ts === ts ? this.#stream : undefined;
  }
}

export interface StartsOptions {
  readonly streams: Streams;
  readonly strays: Strays;
  readonly errands: Errands;
  readonly place: Place;
  /** Who asked: Slack wants to know it in channels. */
  readonly asker?: string;
  /** Aborts when the service ends: nothing is waited for any more. */
  readonly ending: AbortSignal;
  /** Calls a method for streams in the reply's channel. */
  readonly call: (method: string, args: Fields, signal: AbortSignal) => Promise<Fields>;
}

/** Begins the streams of a reply; one whose answer was lost is stopped and removed in the end. */
export class Starts {
  readonly #options: StartsOptions;
  #failed = false;
  /** When a stream may have begun that nobody knows of. */
  #lostAt: number | undefined;

  constructor(options: StartsOptions) {
    this.#options = options;
  }

  /** One was refused, or lost: the reply is better written by edits. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Resolves to the stream's `ts`. Throws `OtherWay` if Slack refuses it. */
  async begin(text: string, signal: AbortSignal): Promise<string> {
    const { streams, place, asker, call } = this.#options;
    const recipient =
      isDirect(place.channel) || asker === undefined
        ? {}
        : { recipient_user_id: asker, recipient_team_id: place.team };
    const args = { thread_ts: place.root, ...recipient, markdown_text: text };
    try {
      const ts = textOf((await call('chat.startStream', args, signal))['ts']);
      if (ts === undefined) throw new CallFailed('chat.startStream: begun without an id');
      return ts;
    } catch (error) {
      if (error instanceof Refused && error.reason === 'refused') {
        this.#failed = true;
        streams.refuse(place, error.code);
        throw new OtherWay('Slack refuses the stream', { called: true, cause: error });
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
    const { errands, strays, ending } = this.#options;
    const lostAt = this.#lostAt;
    if (lostAt === undefined) return;
    errands.run('look for a lost stream', async (signal) => {
      // It may come late. Where nobody can wait for it, it is removed if it came already.
      await pause(Math.max(0, lostAt + callTimeoutMs - performance.now()), ending);
      await strays.removeStreams(signal);
    });
  }
}
