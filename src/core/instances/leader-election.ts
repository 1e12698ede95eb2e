// Tested by test/integration/instances.test.ts
import type { Log } from '../ports/log.ts';
import type { Lease, Store } from '../ports/store.ts';

export interface LeaderElectionOptions {
  readonly store: Pick<Store, 'acquireLeadership' | 'releaseLeadership' | 'shared'>;
  /** Such as `discord:1234`. */
  readonly role: string;
  /** When one instance dies, another takes over within this lease and a quarter of it. */
  readonly lease: Lease;
  readonly log: Log;
  /** This instance is the leader from now on. */
  readonly onElected: () => Promise<void>;
  /** Another instance is the leader, or will be; `onElected` may not have resolved yet. */
  readonly onReplaced: () => Promise<void>;
  /** Takes an error of `onElected` after `start`, which throws it itself. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Elects one instance for a role, such as receiving the events of a platform that sends them to each
 * connection. The others wait, and one of them takes over when the leader dies.
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

  /** Resolves once this instance or another one is the leader. Throws what `onElected` throws. */
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

  /** Whether this instance is the leader. */
  get isLeader(): boolean {
    return this.#leading;
  }

  /** Lets another instance take over at once. */
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
      log.warn(
        { err: error, role },
        'leadership not released; another instance waits for its lease to end',
      );
    }
  }

  #renewNext(): void {
    const { log, role } = this.#options;
    this.#looking = this.#looking
      .then(() => this.#renew())
      // The leader stays the leader: no other instance can take over while the store is away.
      .catch((error: unknown) => log.warn({ err: error, role }, 'leadership not renewed'));
  }

  async #renew(): Promise<void> {
    const { store, role, lease, onElected, onReplaced, onFailed, log } = this.#options;
    if (this.#stopped) return;
    const ours = await store.acquireLeadership(role, lease);
    if (ours === this.#leading) return;
    this.#leading = ours;
    log.info({ role }, ours ? 'leader' : 'another instance is the leader');
    if (!ours) return onReplaced();
    // Not awaited: it may take long, and the lease must be renewed meanwhile.
    this.#begun = onElected();
    this.#begun.catch((error: unknown) => {
      // A leader that was replaced before it had begun failed as it should.
      if (this.#started && this.#leading) onFailed(error);
    });
  }
}
