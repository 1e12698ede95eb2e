import type { Log } from '../ports/log.ts';
import type { Lease, Store } from '../ports/store.ts';

export interface DutyOptions {
  readonly store: Pick<Store, 'hold' | 'yield' | 'shared'>;
  /** Such as `discord:1234`. */
  readonly role: string;
  /** When one instance dies, another takes over within this lease and a quarter of it. */
  readonly lease: Lease;
  readonly log: Log;
  /** The duty is ours from now on. */
  readonly begin: () => Promise<void>;
  /** Somebody else has it, or will; `begin` may not have resolved yet. */
  readonly end: () => Promise<void>;
  /** What `begin` threw after `start`, which throws it itself. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Something that one instance does for all, such as listening to a platform that tells everything
 * to everybody who listens. The others stand by, and one of them takes over when it dies.
 */
export class Duty {
  readonly #options: DutyOptions;
  #timer: NodeJS.Timeout | undefined;
  #onDuty = false;
  #looking: Promise<void> = Promise.resolve();
  #begun: Promise<void> = Promise.resolve();
  #started = false;
  #stopped = false;

  constructor(options: DutyOptions) {
    this.#options = options;
  }

  /** Resolves once it is begun, or somebody else is at it. Throws what `begin` throws. */
  async start(): Promise<void> {
    const { store, begin, lease } = this.#options;
    if (!store.shared) {
      this.#onDuty = true;
      return begin();
    }
    this.#timer = setInterval(() => this.#lookNext(), lease.leaseMs / 4);
    this.#lookNext();
    await this.#looking;
    try {
      await this.#begun;
    } catch (error) {
      if (this.#onDuty) throw error;
    } finally {
      this.#started = true;
    }
  }

  /** Whether this instance has it. */
  get isOurs(): boolean {
    return this.#onDuty;
  }

  /** Lets somebody else take over at once. */
  async stop(): Promise<void> {
    const { store, role, lease, end, log } = this.#options;
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    if (!this.#onDuty) return;
    this.#onDuty = false;
    await end();
    if (!store.shared) return;
    try {
      await store.yield(role, lease.owner);
    } catch (error) {
      log.warn({ err: error, role }, 'duty not handed over; another instance waits for its end');
    }
  }

  #lookNext(): void {
    const { log, role } = this.#options;
    this.#looking = this.#looking
      .then(() => this.#look())
      // Whoever has it keeps it: nobody else can take it while the store is away.
      .catch((error: unknown) => log.warn({ err: error, role }, 'duty not looked after'));
  }

  async #look(): Promise<void> {
    const { store, role, lease, begin, end, onFailed, log } = this.#options;
    if (this.#stopped) return;
    const ours = await store.hold(role, lease);
    if (ours === this.#onDuty) return;
    this.#onDuty = ours;
    log.info({ role }, ours ? 'on duty' : 'another instance is on duty');
    if (!ours) return end();
    // Not waited for: it may take long, and the lease must be prolonged meanwhile.
    this.#begun = begin();
    this.#begun.catch((error: unknown) => {
      // One that was ended before it had begun failed as it should.
      if (this.#started && this.#onDuty) onFailed(error);
    });
  }
}
