import { TurnInterrupted } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import type { Lease, Store } from '../ports/store.ts';
import type { Claim } from '../domain/turn.ts';

/** A turn that is worked on here. */
export interface HeldTurn {
  readonly claim: Claim;
  /** A person wants it to end. */
  readonly stop: AbortController;
  /** It has to be left: handed over, or lost already. Beside `stop`, as a stop may come before. */
  readonly abandon: AbortController;
  readonly leaseWindow: LeaseWindow;
}

/**
 * Until when a turn is certainly ours. Where other processes share the store, one of them may take
 * the turn up after that, so that nothing may be written to the platform any more.
 */
export class LeaseWindow {
  #until: number;

  /** @param until on the clock of `performance.now()` */
  constructor(until: number) {
    this.#until = until;
  }

  extendTo(until: number): void {
    this.#until = until;
  }

  /** Whether a call that takes up to `ms` ends while the turn is still ours. */
  covers(ms: number): boolean {
    return performance.now() + ms < this.#until;
  }
}

/** Keeps the leases of the turns that are worked on here, and hears what others want of them. */
export class Leases {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #held = new Set<HeldTurn>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { store: Store; lease: Lease; log: Log }) {
    this.#store = options.store;
    this.#lease = options.lease;
    this.#log = options.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#renew(), this.#lease.leaseMs / 3);
  }

  /** How many are held here. */
  get count(): number {
    return this.#held.size;
  }

  /** What is held is not renewed any more, and has to end within a lease. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Holds a claim that was asked for at `askedAt`, on the clock of `performance.now()`. */
  add(claim: Claim, askedAt: number): HeldTurn {
    const held: HeldTurn = {
      claim,
      stop: new AbortController(),
      abandon: new AbortController(),
      leaseWindow: new LeaseWindow(this.#until(askedAt)),
    };
    this.#held.add(held);
    return held;
  }

  remove(holding: HeldTurn): void {
    this.#held.delete(holding);
  }

  /** Everything is to be left to others. */
  handOverAll(): void {
    for (const { abandon } of this.#held) abandon.abort(new TurnInterrupted('hand-over'));
  }

  async #renew(): Promise<void> {
    const held = [...this.#held];
    if (held.length === 0) return;
    const askedAt = performance.now();
    try {
      const claims = held.map(({ claim }) => claim);
      const { lost, stopping } = await this.#store.renew(claims, this.#lease);
      for (const { claim, leaseWindow, stop, abandon } of held) {
        if (lost.some(({ turn }) => turn === claim.turn)) {
          abandon.abort(new TurnInterrupted('lost'));
          continue;
        }
        leaseWindow.extendTo(this.#until(askedAt));
        if (stopping.some(({ turn }) => turn === claim.turn))
          stop.abort(new TurnInterrupted('stop'));
      }
    } catch (error) {
      this.#log.warn({ err: error, claims: held.length }, 'leases not renewed');
    }
  }

  #until(askedAt: number): number {
    return this.#store.shared ? askedAt + this.#lease.leaseMs : Number.POSITIVE_INFINITY;
  }
}
