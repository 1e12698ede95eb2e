import { LRUCache } from 'lru-cache';
import type { Budget, Surface, ReportedLimit } from '../../../core/ports/surface.ts';
import { RateLimited } from '../../../core/domain/errors.ts';

/** Channels in memory; the limits of others are learned again from the next answer. */
const maxChannels = 2_000;

export const globalKey = 'discord:global';

/** The client library lets no call go until 50 ms after the time that Discord tells. */
const afterResetMs = 60;

type CallKind = keyof Surface['budgets'];

/**
 * Discord's limits: each kind of call in each channel has one of its own, which Discord tells in
 * its answers. Until then five calls in five seconds are assumed.
 */
export class ChannelRateLimits {
  readonly #channels = new LRUCache<string, Record<CallKind, ReportedBudget>>({ max: maxChannels });
  /** Of all that the bot does. */
  readonly global: GlobalRateLimit;

  /** @param options `alone`: no other instance makes calls */
  constructor(options: { alone: boolean }) {
    this.global = new GlobalRateLimit(globalKey, options);
  }

  /** What a reply in this channel spends. */
  of(channel: string): Surface['budgets'] {
    const { post, edit, remove } = this.#channel(channel);
    return {
      post: [post, this.global],
      edit: [edit, this.global],
      remove: [remove, this.global],
    };
  }

  /** Discord answered a call. */
  learnFromHeaders(
    method: string,
    path: string,
    headers: { get(name: string): string | null },
  ): void {
    const [, channel = '', message] =
      /^\/channels\/(\d+)\/messages(\/\d+)?$/.exec(path.replace(/\?.*$/, '')) ?? [];
    const kind = callKind(method, message !== undefined);
    if (channel === '' || kind === undefined) return;
    const limit = Number(headers.get('X-RateLimit-Limit') ?? Number.NaN);
    const left = Number(headers.get('X-RateLimit-Remaining') ?? Number.NaN);
    const resetMs = Number(headers.get('X-RateLimit-Reset-After') ?? Number.NaN) * 1_000;
    if (!(limit >= 1) || !(left >= 0) || !(resetMs >= 0)) return;
    const at = performance.now();
    const resetsAt = at + resetMs + afterResetMs;
    this.#channel(channel)[kind].reported = { limit, left, at, resetsAt };
  }

  #channel(id: string): Record<CallKind, ReportedBudget> {
    let channel = this.#channels.get(id);
    if (channel === undefined) {
      channel = {
        post: newBudget(`discord:${id}:post`),
        // The client library sends them one after the other, in the order they were made.
        edit: { ...newBudget(`discord:${id}:edit`), oneAtATime: true },
        remove: newBudget(`discord:${id}:remove`),
      };
      this.#channels.set(id, channel);
    }
    return channel;
  }
}

interface ReportedBudget extends Budget {
  reported: ReportedLimit | undefined;
}

function newBudget(key: string): ReportedBudget {
  return { key, burst: 5, perSecond: 1, reported: undefined };
}

function callKind(method: string, ofOne: boolean): CallKind | undefined {
  if (method === 'POST') return ofOne ? undefined : 'post';
  if (!ofOne) return undefined;
  return method === 'PATCH' ? 'edit' : method === 'DELETE' ? 'remove' : undefined;
}

/** Requests a second for all that a bot does (Discord, "Global Rate Limit"). */
const callsPerSecond = 50;
/** Of replies, which leave a few for what is none. */
const replyCallsPerSecond = callsPerSecond - 2;
/**
 * Whenever Discord's second begins, it has no more calls in it: not all of them take as long, so
 * what arrives within a second may have been sent within a little more.
 */
const windowMs = 1_030;
/** Timers of whoever waits may end so much too early. */
const timerEarlyMs = 2;

/** Calls at once where other instances make some, too. */
const sharedBurst = 6;

/** A call's place in the limit. */
export interface Permit {
  /** The call is sent now: until then it may wait behind others of its route. */
  sent(): void;
  /** The call is over; if it was not sent, its place is free. */
  release(): void;
}

/**
 * The limit over all calls of the bot. Discord does not tell how much of it is left; so each call
 * is counted that this instance sends, threads and marks of typing among them: none is sent beyond
 * the limit, and whoever paces replies is told of the last second.
 */
export class GlobalRateLimit implements Budget {
  readonly key: string;
  readonly burst: number;
  readonly perSecond: number;
  readonly #isAlone: boolean;
  /** When each call of the last span was sent, on the clock of `performance.now()`; oldest first. */
  readonly #sent: number[] = [];
  /** The same of each call of a reply that has no answer yet. */
  readonly #onTheirWay = new Set<{ readonly at: number }>();
  /** Calls that have a place and are not sent yet. */
  #unsent = 0;

  /** @param options `alone`: no other instance spends the limit */
  constructor(key: string, { alone }: { alone: boolean }) {
    this.key = key;
    this.#isAlone = alone;
    // A full bucket and what flows into it meanwhile, too, must fit into one second of Discord's.
    this.burst = alone ? replyCallsPerSecond : sharedBurst;
    this.perSecond = replyCallsPerSecond - (alone ? 0 : sharedBurst);
  }

  /** A place for a call of whatever kind. Throws `RateLimited` if it would be one too many. */
  acquire(): Permit {
    const now = performance.now();
    const [oldest = now] = this.#within(now);
    if (this.#count(now) >= callsPerSecond) {
      const waitMs = oldest + windowMs - now + timerEarlyMs;
      throw new RateLimited(waitMs, { budgetKey: this.key, unsent: true });
    }
    this.#unsent += 1;
    let hasLeft = false;
    const leave = (): void => {
      if (!hasLeft) this.#unsent -= 1;
      hasLeft = true;
    };
    return {
      sent: () => {
        leave();
        this.#sent.push(performance.now());
      },
      release: leave,
    };
  }

  get reported(): ReportedLimit | undefined {
    if (!this.#isAlone) return undefined;
    const at = performance.now();
    const sent = this.#within(at);
    // Those who ask count by themselves what is on its way.
    const counted = [...this.#onTheirWay].filter((call) => call.at > at - windowMs).length;
    const left = Math.max(0, replyCallsPerSecond - this.#count(at)) + counted;
    return {
      limit: replyCallsPerSecond,
      left,
      at,
      resetsAt: (sent[0] ?? at) + windowMs,
      slidesMs: windowMs,
    };
  }

  /** Most of what there is in this second is spent: what can wait, waits. */
  get isScarce(): boolean {
    return this.#count(performance.now()) > replyCallsPerSecond / 2;
  }

  /** Makes a call of a reply. */
  async track<T>(call: () => Promise<T>): Promise<T> {
    const one = { at: performance.now() };
    this.#onTheirWay.add(one);
    try {
      return await call();
    } finally {
      this.#onTheirWay.delete(one);
    }
  }

  #count(now: number): number {
    return this.#within(now).length + this.#unsent;
  }

  #within(now: number): readonly number[] {
    const first = this.#sent.findIndex((at) => at > now - windowMs);
    this.#sent.splice(0, first < 0 ? this.#sent.length : first);
    return this.#sent;
  }
}
