import { CallFailed, StoreUnavailable } from './domain/errors.ts';
import type { Log } from './ports/log.ts';

/**
 * Runs a call that must not outlive `ms`: its signal aborts then, and even a call that ignores
 * it is left behind with `CallFailed`. An abort of `signal` is passed on and throws its reason.
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    controller.abort(reason);
    reject(reason);
  };
  const timer = setTimeout(() => end(new CallFailed(`no answer within ${ms} ms`)), ms);
  const onAbort = (): void => end(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits; throws the signal's reason when it aborts before. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** As `wait`, but an abort is no error: resolves to whether all of the time passed. */
export async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(ms, signal);
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  }
}

/** Exponential backoff with full jitter in its upper half, in milliseconds. `tries` from 1. */
export function backoffMs(tries: number, firstMs: number, mostMs: number): number {
  const ms = Math.min(mostMs, firstMs * 2 ** (tries - 1));
  return ms / 2 + (Math.random() * ms) / 2;
}

/**
 * Runs a step again and again until it succeeds. Throws what `delayMs` throws, and the signal's reason.
 *
 * @param delayMs time until the next try, in ms; throws an error that is worth no other try. `tries`
 *   counts from 1
 */
export async function retry<T>(
  step: () => Promise<T>,
  delayMs: (error: unknown, tries: number) => number,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      signal.throwIfAborted();
      await wait(delayMs(error, tries), signal);
    }
  }
}

/** Longest retry of a step while the store is away, in milliseconds. */
const patienceMs = 5 * 60_000;

/**
 * Makes a step that must not be lost to a store that is away for a while: tries again until it
 * is stored, for five minutes. Throws the last `StoreUnavailable`, or the signal's reason.
 */
export function retryWhileStoreIsDown<T>(
  step: () => Promise<T>,
  log: Log,
  signal: AbortSignal,
): Promise<T> {
  const patienceEnds = performance.now() + patienceMs;
  return retry(
    step,
    (error, tries) => {
      if (!(error instanceof StoreUnavailable) || performance.now() > patienceEnds) throw error;
      log.warn({ err: error, tries }, 'not stored yet');
      return backoffMs(tries, 200, 5_000);
    },
    signal,
  );
}

/** Longest time that deltas are processed before timers and sockets run, in milliseconds. */
const breathEveryMs = 8;

/**
 * Keeps the event loop alive while many answers stream in. Words that are there already arrive
 * through promises alone, which timers and sockets have to wait for: with 500 fast streams no
 * edit was sent for seconds. All turns of a process share one. Long messages that come in at once
 * have one of their own.
 */
export class EventLoopYield {
  #breath: Promise<void> | undefined;
  #since = 0;
  #line: Promise<void> = Promise.resolve();

  /** To be awaited between two deltas; undefined while there is time left. */
  ifDue(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#breath === undefined) {
      this.#since = now;
      this.#breath = new Promise((resolve) => {
        setImmediate(() => {
          this.#breath = undefined;
          resolve();
        });
      });
    }
    return now - this.#since < breathEveryMs ? undefined : this.#breath;
  }
  /**
   * Resolves once there is time left, for one after the other: what somebody does at once, before
   * they wait for anything else, counts before the next one's turn.
   */
  whenFree(): Promise<void> {
    this.#line = this.#line.then(async () => {
      for (let due = this.ifDue(); due !== undefined; due = this.ifDue()) await due;
    });
    return this.#line;
  }
}
