import { TokenBuckets } from './session-throttle.ts';

/** Passwords that are tried in all: so many at once, then two in a second. */
const all = { burst: 10, refillMs: 500 };
/** Of one lane: so many at once, then one every two seconds. */
const each = { burst: 5, refillMs: 2_000 };
/** Tries that wait, in all and in a lane: at these rates the last one waits for 30 s. */
const mostWaiting = 60;
const mostInLane = 15;

/** What became of a try: its turn came, there were too many, or whoever made it left. */
export type ThrottleResult = 'come' | 'crowded' | 'left';

interface Waiting {
  readonly done: (turn: ThrottleResult) => void;
}

/**
 * Where tries of a password wait for their turn, so that guessing takes for ever, and a right
 * password is only ever delayed. Each address has a lane, each browser that was logged in before
 * has one, and what has no address shares one; lanes take turns, so that nobody who floods one
 * keeps the others waiting. Tries that turn out to be right do not count.
 */
export class LoginThrottle {
  /** In the order in which they have their next turn. */
  readonly #lanes = new Map<string, Waiting[]>();
  readonly #all = new TokenBuckets({ ...all, now: () => performance.now() });
  readonly #each = new TokenBuckets({ ...each, now: () => performance.now() });
  #timer: NodeJS.Timeout | undefined;

  /** @param lane undefined for what has no address: it is bounded with all others only */
  wait(lane: string | undefined, signal: AbortSignal): Promise<ThrottleResult> {
    const { promise, resolve } = Promise.withResolvers<ThrottleResult>();
    const key = lane ?? '';
    if (signal.aborted) return Promise.resolve('left');
    if (!this.#hasRoom(key)) return Promise.resolve('crowded');
    const leave = (): void => this.#remove(key, waiting, 'left');
    const waiting: Waiting = {
      done: (turn) => {
        signal.removeEventListener('abort', leave);
        resolve(turn);
      },
    };
    signal.addEventListener('abort', leave);
    this.#lanes.set(key, [...(this.#lanes.get(key) ?? []), waiting]);
    this.#callNext();
    return promise;
  }

  /** A try whose turn had come was right: it did not count. */
  succeeded(lane: string | undefined): void {
    this.#all.refund('');
    if (lane !== undefined) this.#each.refund(lane);
    this.#callNext();
  }

  /** Makes room, if need be, where most wait; false if that is the newcomer's own lane. */
  #hasRoom(key: string): boolean {
    const own = this.#lanes.get(key)?.length ?? 0;
    if (own >= (key === '' ? mostWaiting : mostInLane)) return false;
    const lanes = [...this.#lanes];
    if (lanes.reduce((sum, [, { length }]) => sum + length, 0) < mostWaiting) return true;
    const [longest] = lanes.toSorted(([, a], [, b]) => b.length - a.length);
    const newest = longest?.[1].at(-1);
    if (longest === undefined || newest === undefined || longest[1].length <= own + 1) return false;
    this.#remove(longest[0], newest, 'crowded');
    return true;
  }

  #callNext(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [next, waitMs] = this.#next();
      if (next === undefined) return;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#callNext(), waitMs).unref();
        return;
      }
      const [first, ...others] = this.#lanes.get(next) ?? [];
      // Its lane has its next turn behind all others.
      this.#lanes.delete(next);
      if (others.length > 0) this.#lanes.set(next, others);
      this.#all.take('');
      if (next !== '') this.#each.take(next);
      first?.done('come');
    }
  }

  /** The lane whose turn comes first, and in how many milliseconds. */
  #next(): [string | undefined, number] {
    let soonest: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    const allMs = this.#all.waitMs('');
    for (const key of this.#lanes.keys()) {
      const waitMs = Math.max(allMs, key === '' ? 0 : this.#each.waitMs(key));
      if (waitMs < soonest[1]) soonest = [key, waitMs];
    }
    return soonest;
  }

  #remove(key: string, waiting: Waiting, turn: ThrottleResult): void {
    const others = (this.#lanes.get(key) ?? []).filter((one) => one !== waiting);
    if (others.length > 0) this.#lanes.set(key, others);
    else this.#lanes.delete(key);
    waiting.done(turn);
  }
}
