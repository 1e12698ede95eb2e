import type { Log } from '../../ports/log.ts';

/**
 * Why a reply with text that people do not see yet is not updated at this moment:
 * - `rate limit`: what is left of a budget is spent or reserved for final texts, or the platform
 *   asked for a pause.
 * - `spacing`: updates follow each other no closer, as the budget has to last or people have to
 *   read.
 * - `sentence end`: updates are rare, so each one waits a little for a whole sentence.
 * - `reserved edit`: the only edit left is the one that the message needs at its end.
 * - `lease`: it is not certain that the turn is still this instance's.
 * - `failed call`: the last call failed, and is repeated after a delay.
 * - `other call`: the platform takes one call at a time, and another reply's is in flight.
 * - `own call`: the call that shows the text is in flight.
 */
export type WaitReason =
  | 'rate limit'
  | 'spacing'
  | 'sentence end'
  | 'reserved edit'
  | 'lease'
  | 'failed call'
  | 'other call'
  | 'own call';

/** What a reply waits for, or waited for, and for how long. */
export interface Wait {
  readonly reason: WaitReason;
  /** Key of the budget that is short, where one is. */
  readonly budget?: string | undefined;
  readonly ms: number;
}

/** The waits of one reply: each is logged when it ends, and counted by reason and budget. */
export class ReplyWaits {
  readonly #log: Log;
  readonly #totals = new Map<string, Wait>();
  #reason: WaitReason | undefined;
  #budget: string | undefined;
  #since = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The reply waits for this from now on. No effect if it does already. */
  begin(reason: WaitReason, budget?: string): void {
    if (this.#reason === reason && this.#budget === budget) return;
    this.end();
    this.#reason = reason;
    this.#budget = budget;
    this.#since = performance.now();
  }

  /** The reply waits for nothing. */
  end(): void {
    const wait = this.current;
    this.#reason = undefined;
    if (wait === undefined || wait.ms === 0) return;
    const name = nameOf(wait);
    this.#totals.set(name, { ...wait, ms: wait.ms + (this.#totals.get(name)?.ms ?? 0) });
    this.#log.debug({ ...wait }, 'reply waited');
  }

  /** The present wait, so far. */
  get current(): Wait | undefined {
    const reason = this.#reason;
    if (reason === undefined) return undefined;
    const ms = Math.round(performance.now() - this.#since);
    return { reason, ...(this.#budget === undefined ? {} : { budget: this.#budget }), ms };
  }

  /** The waits that are over, summed up by reason and budget, longest first. */
  get totals(): readonly Wait[] {
    return [...this.#totals.values()].toSorted((a, b) => b.ms - a.ms);
  }
}

/** Such as `rate limit slack:T1:chat.update`. */
export function nameOf({ reason, budget }: Pick<Wait, 'reason' | 'budget'>): string {
  return budget === undefined ? reason : `${reason} ${budget}`;
}
