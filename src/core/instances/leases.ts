// Tested by test/integration/crash.test.ts
import { TurnInterrupted } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import type { Lease, Store } from '../ports/store.ts';
import type { Claim } from '../domain/turn.ts';

/** A turn that is in progress here. */
export interface HeldTurn {
  readonly claim: Claim;
  /** A person wants it to end. */
  readonly stop: AbortController;
  /** Another instance goes on with it: handed over, or lost. Beside `stop`, as a stop may come before. */
  readonly abandon: AbortController;
  readonly leaseWindow: LeaseWindow;
}

/**
 * The time in which a turn is certainly this instance's. After it another process that shares the
 * store may claim the turn, so nothing may be written to the platform any more.
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

  /** Whether a call that takes up to `ms` ends within the lease. */
  covers(ms: number): boolean {
    return performance.now() + ms < this.#until;
  }
}

/** Renews the leases of the turns in progress here, and learns which of them are to stop. */
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

  /** Number of leases held here. */
  get count(): number {
    return this.#held.size;
  }

  /** Leases are not renewed any more: the turns have to end within one. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Holds a claim that was asked for at `askedAt`, in milliseconds of `performance.now()`. */
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

  /** Hands all turns over to other instances. */
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
