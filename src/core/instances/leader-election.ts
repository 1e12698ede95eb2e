import type { Log } from '../ports/log.ts';
import type { Lease, Store } from '../ports/store.ts';

export interface LeaderElectionOptions {
  readonly store: Pick<Store, 'acquireLeadership' | 'releaseLeadership' | 'shared'>;
  /** Such as `discord:1234`. */
  readonly role: string;
  /** When one instance dies, another takes over within this lease and a quarter of it. */
  readonly lease: Lease;
  readonly log: Log;
  /** The duty is ours from now on. */
  readonly onElected: () => Promise<void>;
  /** Somebody else has it, or will; `begin` may not have resolved yet. */
  readonly onReplaced: () => Promise<void>;
  /** What `begin` threw after `start`, which throws it itself. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Something that one instance does for all, such as listening to a platform that tells everything
 * to everybody who listens. The others stand by, and one of them takes over when it dies.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  #timer: NodeJS.Timeout | undefined;
  #leading = false;
  #looking: Promise<void> = Promise.resolve();
  #begun: Promise<void> = Promise.resolve();
  #started = false;
  #stopped = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** Resolves once it is begun, or somebody else is at it. Throws what `begin` throws. */
  async start(): Promise<void> {
    const { store, onElected, lease } = this.#options;
    if (!store.shared) {
      this.#leading = true;
      return onElected();
    }
    this.#timer = setInterval(() => this.#renewNext(), lease.leaseMs / 4);
    this.#renewNext();
    await this.#looking;
    try {
      await this.#begun;
    } catch (error) {
      if (this.#leading) throw error;
    } finally {
      this.#started = true;
    }
  }

  /** Whether this instance has it. */
  get isLeader(): boolean {
    return this.#leading;
  }

  /** Lets somebody else take over at once. */
  async stop(): Promise<void> {
    const { store, role, lease, onReplaced, log } = this.#options;
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    if (!this.#leading) return;
    this.#leading = false;
    await onReplaced();
    if (!store.shared) return;
    try {
      await store.releaseLeadership(role, lease.owner);
    } catch (error) {
      log.warn({ err: error, role }, 'duty not handed over; another instance waits for its end');
    }
  }

  #renewNext(): void {
    const { log, role } = this.#options;
    this.#looking = this.#looking
      .then(() => this.#renew())
      // Whoever has it keeps it: nobody else can take it while the store is away.
      .catch((error: unknown) => log.warn({ err: error, role }, 'duty not looked after'));
  }

  async #renew(): Promise<void> {
    const { store, role, lease, onElected, onReplaced, onFailed, log } = this.#options;
    if (this.#stopped) return;
    const ours = await store.acquireLeadership(role, lease);
    if (ours === this.#leading) return;
    this.#leading = ours;
    log.info({ role }, ours ? 'on duty' : 'another instance is on duty');
    if (!ours) return onReplaced();
    // Not waited for: it may take long, and the lease must be prolonged meanwhile.
    this.#begun = onElected();
    this.#begun.catch((error: unknown) => {
      // One that was ended before it had begun failed as it should.
      if (this.#started && this.#leading) onFailed(error);
    });
  }
}
