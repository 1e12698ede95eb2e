import { RateLimiter } from '../../../../core/reply/pacing/rate-limiter.ts';
import type { Log } from '../../../../core/ports/log.ts';
import { streamAppendRate, editRate, streamStartRate } from '../../api/rate-limits.ts';
import { isDirect, type SlackLocation } from '../../messages/conversation-location.ts';

/** How replies are written: by edits, as streams wherever Slack takes them, or as is fresher. */
export type StreamingSetting = 'auto' | 'edit' | 'native';

/** Where edits would come further apart than this, a stream may be better, in milliseconds. */
const shortMs = 500;
/** Time over which the rest of a burst is spread in estimates, in seconds. */
const lastsSeconds = 6;
/** A stream that does not begin within this is not begun, in milliseconds. */
const offerMs = 1_000;
/** Times after which a reply is forgotten, in ms: one that another owner has ends unreported. */
const forgetMs = { offered: offerMs, stream: 300_000, edits: 60_000 } as const;

/** What Slack says of a method, not of a place. */
const codesOfMethod = new Set([
  'feature_not_enabled',
  'method_deprecated',
  'missing_scope',
  'not_allowed_token_type',
  'unknown_method',
]);
const codesOfChannelKind = new Set([
  'channel_type_not_supported',
  'method_not_supported_for_channel_type',
]);

interface ReplyMode {
  readonly mode: 'offered' | 'stream' | 'edits';
  readonly at: number;
}

export interface StreamPolicyOptions {
  readonly streaming: StreamingSetting;
  /** Slack's API is GovSlack's, which has no streams. */
  readonly isGov?: boolean;
  readonly log: Log;
}

/**
 * Which replies of a workspace are written as streams: each kind of call has its own limit, and
 * all of them together carry more than one does.
 */
export class StreamPolicy {
  readonly #streaming: StreamingSetting;
  readonly #log: Log;
  readonly #writers = new Map<object, ReplyMode>();
  readonly #refused = new Set<string>();
  #none: boolean;
  /** What is left of each limit, as far as this process has spent it. */
  readonly #starts: RateLimiter;
  readonly #stops: RateLimiter;
  readonly #appends: RateLimiter;
  readonly #edits: RateLimiter;

  constructor({ streaming, isGov = false, log }: StreamPolicyOptions) {
    const now = performance.now();
    this.#starts = new RateLimiter(streamStartRate, now);
    this.#stops = new RateLimiter(streamStartRate, now);
    this.#appends = new RateLimiter(streamAppendRate, now);
    this.#edits = new RateLimiter(editRate, now);
    this.#streaming = streaming;
    this.#none = streaming === 'edit' || isGov;
    this.#log = log;
  }

  /**
   * Whether a reply's next message is to be written as a stream. Then a start and a stop are set
   * aside for it for a second. Cheap: asked again and again.
   */
  offerStream(writer: object, location: SlackLocation): boolean {
    const now = performance.now();
    const known = this.#writers.get(writer);
    if (known?.mode === 'offered' && now - known.at < offerMs) return true;
    this.#writers.delete(writer);
    const offers = this.#takes(location) && this.#hasRoom(now) && this.#isFresher(now);
    this.#note(writer, offers ? 'offered' : 'edits');
    return offers;
  }

  /** How the reply is written from now on: the offer is taken, or not wanted. */
  noteMode(writer: object, way: 'stream' | 'edits'): void {
    this.#note(writer, way);
  }

  /** The reply is over. */
  forget(writer: object): void {
    this.#writers.delete(writer);
  }

  /** A call is made, of whatever method. */
  noteCall(method: string): void {
    this.#limiter(method)?.callStarted(performance.now());
  }

  noteRateLimit(method: string, retryAfterMs: number): void {
    this.#limiter(method)?.blockFor(performance.now(), retryAfterMs);
  }

  /** Slack refused to begin a stream there. */
  noteRefusal(location: SlackLocation, error: string): void {
    if (codesOfMethod.has(error)) this.#none = true;
    else if (codesOfChannelKind.has(error)) this.#refused.add(kindOf(location));
    this.#log.info({ channel: location.channel, error }, 'no stream');
  }

  #limiter(method: string): RateLimiter | undefined {
    switch (method) {
      case 'chat.startStream':
        return this.#starts;
      case 'chat.stopStream':
        return this.#stops;
      case 'chat.appendStream':
        return this.#appends;
      case 'chat.update':
        return this.#edits;
      default:
        return undefined;
    }
  }

  #note(writer: object, way: ReplyMode['mode']): void {
    this.#writers.set(writer, { mode: way, at: performance.now() });
  }

  #takes(location: SlackLocation): boolean {
    return !this.#none && location.root !== undefined && !this.#refused.has(kindOf(location));
  }

  /** Each stream needs a stop, too, and that must not wait. */
  #hasRoom(now: number): boolean {
    const offered = this.#count('offered', now);
    const begun = offered + this.#count('stream', now);
    return this.#starts.available(now) >= offered + 1 && this.#stops.available(now) >= begun + 1;
  }

  #isFresher(now: number): boolean {
    if (this.#streaming === 'native') return true;
    const edits = this.#count('edits', now) + 1;
    const streams = this.#count('offered', now) + this.#count('stream', now) + 1;
    const editMs = editIntervalMs(this.#edits, edits, now);
    return editMs > shortMs && editIntervalMs(this.#appends, streams, now) < editMs;
  }

  #count(way: ReplyMode['mode'], now: number): number {
    let count = 0;
    for (const [writer, one] of this.#writers) {
      if (now - one.at > forgetMs[one.mode]) this.#writers.delete(writer);
      else if (one.mode === way) count += 1;
    }
    return count;
  }
}

/** How far apart the calls of a reply come if so many share the limit. */
function editIntervalMs(limiter: RateLimiter, replies: number, now: number): number {
  const perSecond = limiter.perSecond(now) + Math.max(0, limiter.available(now)) / lastsSeconds;
  return (replies * 1_000) / perSecond;
}

/** What Slack refuses in one place it refuses in all of its kind; channels are of many kinds. */
function kindOf({ channel }: SlackLocation): string {
  return isDirect(channel) ? 'direct' : channel;
}
