import { Limiter } from '../../../../core/reply/pacing/rate-limiter.ts';
import type { Log } from '../../../../core/ports/log.ts';
import { appendRate, editRate, startRate } from '../../api/rate-limits.ts';
import { isDirect, type Place } from '../../messages/conversation-location.ts';

/** How replies are written: by edits, as streams wherever Slack takes them, or as is fresher. */
export type Streaming = 'auto' | 'edit' | 'native';

/** Where edits would come further apart than this, a stream may be better, in milliseconds. */
const shortMs = 500;
/** What is left of a limit is taken to last so long, in seconds. */
const lastsSeconds = 6;
/** A stream that does not begin within this is not begun, in milliseconds. */
const offerMs = 1_000;
/** Nobody tells of the end of a reply that was lost to another owner. */
const forgetMs = { offered: offerMs, stream: 300_000, edits: 60_000 } as const;

/** What Slack says of a method, not of a place. */
const refusesAll = new Set([
  'feature_not_enabled',
  'method_deprecated',
  'missing_scope',
  'not_allowed_token_type',
  'unknown_method',
]);
const refusesKind = new Set([
  'channel_type_not_supported',
  'method_not_supported_for_channel_type',
]);

interface Writer {
  readonly way: 'offered' | 'stream' | 'edits';
  readonly at: number;
}

export interface StreamsOptions {
  readonly streaming: Streaming;
  /** Slack's API is GovSlack's, which has no streams. */
  readonly isGov?: boolean;
  readonly log: Log;
}

/**
 * Which replies of a workspace are written as streams: each kind of call has its own limit, and
 * all of them together carry more than one does.
 */
export class Streams {
  readonly #streaming: Streaming;
  readonly #log: Log;
  readonly #writers = new Map<object, Writer>();
  readonly #refused = new Set<string>();
  #none: boolean;
  /** What is left of each limit, as far as this process has spent it. */
  readonly #starts: Limiter;
  readonly #stops: Limiter;
  readonly #appends: Limiter;
  readonly #edits: Limiter;

  constructor({ streaming, isGov = false, log }: StreamsOptions) {
    const now = performance.now();
    this.#starts = new Limiter(startRate, now);
    this.#stops = new Limiter(startRate, now);
    this.#appends = new Limiter(appendRate, now);
    this.#edits = new Limiter(editRate, now);
    this.#streaming = streaming;
    this.#none = streaming === 'edit' || isGov;
    this.#log = log;
  }

  /**
   * Whether a reply's next message is to be written as a stream. Then a start and a stop are set
   * aside for it for a second. Cheap: asked again and again.
   */
  offers(writer: object, place: Place): boolean {
    const now = performance.now();
    const known = this.#writers.get(writer);
    if (known?.way === 'offered' && now - known.at < offerMs) return true;
    this.#writers.delete(writer);
    const offers = this.#takes(place) && this.#hasRoom(now) && this.#isFresher(now);
    this.#note(writer, offers ? 'offered' : 'edits');
    return offers;
  }

  /** How the reply is written from now on: the offer is taken, or not wanted. */
  writes(writer: object, way: 'stream' | 'edits'): void {
    this.#note(writer, way);
  }

  /** The reply is over. */
  leaves(writer: object): void {
    this.#writers.delete(writer);
  }

  /** A call is made, of whatever method. */
  calls(method: string): void {
    this.#limiter(method)?.take(performance.now());
  }

  rateLimited(method: string, retryAfterMs: number): void {
    this.#limiter(method)?.pause(performance.now(), retryAfterMs);
  }

  /** Slack refused to begin a stream there. */
  refuse(place: Place, error: string): void {
    if (refusesAll.has(error)) this.#none = true;
    else if (refusesKind.has(error)) this.#refused.add(kindOf(place));
    this.#log.info({ channel: place.channel, error }, 'no stream');
  }

  #limiter(method: string): Limiter | undefined {
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

  #note(writer: object, way: Writer['way']): void {
    this.#writers.set(writer, { way, at: performance.now() });
  }

  #takes(place: Place): boolean {
    return !this.#none && place.root !== undefined && !this.#refused.has(kindOf(place));
  }

  /** Each stream needs a stop, too, and that must not wait. */
  #hasRoom(now: number): boolean {
    const offered = this.#count('offered', now);
    const begun = offered + this.#count('stream', now);
    return this.#starts.room(now) >= offered + 1 && this.#stops.room(now) >= begun + 1;
  }

  #isFresher(now: number): boolean {
    if (this.#streaming === 'native') return true;
    const edits = this.#count('edits', now) + 1;
    const streams = this.#count('offered', now) + this.#count('stream', now) + 1;
    const editMs = turnMs(this.#edits, edits, now);
    return editMs > shortMs && turnMs(this.#appends, streams, now) < editMs;
  }

  #count(way: Writer['way'], now: number): number {
    let count = 0;
    for (const [writer, one] of this.#writers) {
      if (now - one.at > forgetMs[one.way]) this.#writers.delete(writer);
      else if (one.way === way) count += 1;
    }
    return count;
  }
}

/** How far apart the calls of a reply come if so many share the limit. */
function turnMs(limiter: Limiter, replies: number, now: number): number {
  const perSecond = limiter.perSecond(now) + Math.max(0, limiter.room(now)) / lastsSeconds;
  return (replies * 1_000) / perSecond;
}

/** What Slack refuses in one place it refuses in all of its kind; channels are of many kinds. */
function kindOf({ channel }: Place): string {
  return isDirect(channel) ? 'direct' : channel;
}
