import { RateLimited } from '../../../core/domain/errors.ts';
import type { Budget, Told } from '../../../core/ports/surface.ts';

/** Requests a second for all that a bot does (Discord, "Global Rate Limit"). */
const mostPerSecond = 50;
/** Of replies, which leave a few for what is none. */
const most = mostPerSecond - 2;
/**
 * Whenever Discord's second begins, it has no more calls in it: not all of them take as long, so
 * what arrives within a second may have been sent within a little more.
 */
const spanMs = 1_030;
/** Timers of whoever waits may end so much too early. */
const earlyMs = 2;

/** Calls at once where other instances make some, too. */
const sharedBurst = 6;

/** A call's place in the limit. */
export interface Place {
  /** The call is sent now: until then it may wait behind others of its route. */
  sent(): void;
  /** The call is over; if it was not sent, its place is free. */
  over(): void;
}

/**
 * The limit over all calls of the bot. Discord does not tell how much of it is left; so each call
 * is counted that this instance sends, threads and marks of typing among them: none is sent beyond
 * the limit, and whoever paces replies is told of the last second.
 */
export class GlobalLimit implements Budget {
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
    this.burst = alone ? most : sharedBurst;
    this.perSecond = most - (alone ? 0 : sharedBurst);
  }

  /** A place for a call of whatever kind. Throws `RateLimited` if it would be one too many. */
  enter(): Place {
    const now = performance.now();
    const [oldest = now] = this.#within(now);
    if (this.#count(now) >= mostPerSecond) {
      const waitMs = oldest + spanMs - now + earlyMs;
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
      over: leave,
    };
  }

  get told(): Told | undefined {
    if (!this.#isAlone) return undefined;
    const at = performance.now();
    const sent = this.#within(at);
    // Those who ask count by themselves what is on its way.
    const counted = [...this.#onTheirWay].filter((call) => call.at > at - spanMs).length;
    const left = Math.max(0, most - this.#count(at)) + counted;
    return { limit: most, left, at, resetsAt: (sent[0] ?? at) + spanMs, slidesMs: spanMs };
  }

  /** Most of what there is in this second is spent: what can wait, waits. */
  get isScarce(): boolean {
    return this.#count(performance.now()) > most / 2;
  }

  /** Makes a call of a reply. */
  async counted<T>(call: () => Promise<T>): Promise<T> {
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
    const first = this.#sent.findIndex((at) => at > now - spanMs);
    this.#sent.splice(0, first < 0 ? this.#sent.length : first);
    return this.#sent;
  }
}
