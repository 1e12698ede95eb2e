import { TokenBuckets } from './session-throttle.ts';

/** Attempts of all clients: 10 at once, then two per second. */
const all = { burst: 10, refillMs: 500 };
/** Attempts of one key: 5 at once, then one every two seconds. */
const each = { burst: 5, refillMs: 2_000 };
/** Most waiting attempts, in all and per key: at these rates the last one waits for 30 s. */
const maxWaiting = 60;
const maxWaitingPerKey = 15;

/** Outcome of waiting: the attempt may go on, too many wait, or its client has gone. */
export type ThrottleResult = 'admitted' | 'too-many' | 'aborted';

interface Waiting {
  readonly done: (result: ThrottleResult) => void;
}

/**
 * Queue of password attempts: guessing is slow, while a right password is delayed at most. Each
 * session and each address has a queue of its own; attempts without either share one. Queues take
 * turns, so that a flood in one does not delay the others. Right passwords do not count.
 */
export class LoginThrottle {
  /** By key, in the order of their next turns. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #all = new TokenBuckets({ ...all, now: () => performance.now() });
  readonly #each = new TokenBuckets({ ...each, now: () => performance.now() });
  #timer: NodeJS.Timeout | undefined;

  /** @param clientKey undefined without session and address: only the limits of all clients apply */
  wait(clientKey: string | undefined, signal: AbortSignal): Promise<ThrottleResult> {
    const { promise, resolve } = Promise.withResolvers<ThrottleResult>();
    const key = clientKey ?? '';
    if (signal.aborted) return Promise.resolve('aborted');
    if (!this.#hasRoom(key)) return Promise.resolve('too-many');
    const abort = (): void => this.#remove(key, waiting, 'aborted');
    const waiting: Waiting = {
      done: (result) => {
        signal.removeEventListener('abort', abort);
        resolve(result);
      },
    };
    signal.addEventListener('abort', abort);
    this.#queues.set(key, [...(this.#queues.get(key) ?? []), waiting]);
    this.#admitNext();
    return promise;
  }

  /** An admitted attempt was right, and does not count. */
  succeeded(key: string | undefined): void {
    this.#all.refund('');
    if (key !== undefined) this.#each.refund(key);
    this.#admitNext();
  }

  /** Makes room in the longest queue; false if that is the newcomer's own. */
  #hasRoom(key: string): boolean {
    const own = this.#queues.get(key)?.length ?? 0;
    if (own >= (key === '' ? maxWaiting : maxWaitingPerKey)) return false;
    const queues = [...this.#queues];
    if (queues.reduce((sum, [, { length }]) => sum + length, 0) < maxWaiting) return true;
    const [longest] = queues.toSorted(([, a], [, b]) => b.length - a.length);
    const newest = longest?.[1].at(-1);
    if (longest === undefined || newest === undefined || longest[1].length <= own + 1) return false;
    this.#remove(longest[0], newest, 'too-many');
    return true;
  }

  #admitNext(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [next, waitMs] = this.#next();
      if (next === undefined) return;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#admitNext(), waitMs).unref();
        return;
      }
      const [first, ...others] = this.#queues.get(next) ?? [];
      // Its queue comes last for the next turn.
      this.#queues.delete(next);
      if (others.length > 0) this.#queues.set(next, others);
      this.#all.take('');
      if (next !== '') this.#each.take(next);
      first?.done('admitted');
    }
  }

  /** The key whose turn comes first, and the wait until then, in ms. */
  #next(): [string | undefined, number] {
    let soonest: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    const allMs = this.#all.waitMs('');
    for (const key of this.#queues.keys()) {
      const waitMs = Math.max(allMs, key === '' ? 0 : this.#each.waitMs(key));
      if (waitMs < soonest[1]) soonest = [key, waitMs];
    }
    return soonest;
  }

  #remove(key: string, waiting: Waiting, result: ThrottleResult): void {
    const others = (this.#queues.get(key) ?? []).filter((one) => one !== waiting);
    if (others.length > 0) this.#queues.set(key, others);
    else this.#queues.delete(key);
    waiting.done(result);
  }
}
