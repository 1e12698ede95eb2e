import { wait } from '../../../core/timing.ts';

/**
 * Lets shards introduce themselves no faster than Discord takes it. Unlike the library's own, a
 * shard whose connection breaks while it waits leaves the line: with the library's it would speak
 * on the next connection before that is open, which ends the process.
 */
export class IdentifyLine {
  readonly #atOnce: number;
  readonly #everyMs: number;
  readonly #turns = new Map<number, Promise<void>>();
  readonly #lastAt = new Map<number, number>();

  /**
   * @param atOnce how many shards may do so at the same time, as Discord tells
   * @param everyMs the time between two of them, in milliseconds
   */
  constructor(atOnce: number, everyMs: number) {
    this.#atOnce = Math.max(1, atOnce);
    this.#everyMs = everyMs;
  }

  /** Throws the signal's reason. */
  waitForIdentify(shardId: number, signal: AbortSignal): Promise<void> {
    const line = shardId % this.#atOnce;
    const passed = this.#pass(line, this.#turns.get(line), signal);
    this.#turns.set(line, passed);
    return passed;
  }

  async #pass(line: number, before: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    // Passed, or left the line: whoever left it hears why.
    await Promise.allSettled([before]);
    signal.throwIfAborted();
    const lastAt = this.#lastAt.get(line) ?? Number.NEGATIVE_INFINITY;
    const waitMs = lastAt + this.#everyMs - performance.now();
    if (waitMs > 0) await wait(Math.ceil(waitMs), signal);
    this.#lastAt.set(line, performance.now());
  }
}
