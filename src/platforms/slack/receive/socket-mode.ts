import { SocketConnection, type SocketConnectionOptions } from './socket-connection.ts';

/** Connections: Slack refreshes one at a time, and events come by the other one meanwhile. */
const connections = 2;
/** Time in which a connection that died while the machine was suspended is made again, in ms. */
const settleMs = 2 * 60_000;

export interface SocketModeOptions extends Omit<
  SocketConnectionOptions,
  'onConnected' | 'failsIfRefused'
> {
  /**
   * Events come again.
   *
   * @param sinceMs when they ceased, in ms since the epoch; undefined the first time
   */
  readonly onReconnected: (sinceMs: number | undefined) => void;
}

/** Socket Mode over several connections: Slack sends each event to any one of them. */
export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #abort = new AbortController();
  #starting = true;
  #connected = 0;
  /** When the last connection ended, in ms since the epoch. */
  #disconnectedAt: number | undefined;
  /** The machine was suspended since then, and woke up a moment ago. */
  #suspension: { readonly sinceMs: number; readonly endedMs: number } | undefined;
  readonly #suspendDetector = new SuspendDetector((sinceMs) => {
    this.#suspension = { sinceMs, endedMs: Date.now() };
    this.#options.onReconnected(sinceMs);
  });
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: SocketModeOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the first connection, or after `patienceMs` without one: it is then tried for
   * on and on. Throws `BadConfiguration` if Slack refuses the token.
   */
  async start(patienceMs: number): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const timer = setTimeout(() => begun.resolve(), patienceMs);
    const sockets = Array.from({ length: connections }, () => {
      const socket = new SocketConnection({
        ...this.#options,
        failsIfRefused: () => this.#starting,
        onConnected: (connected) => {
          this.#starting = false;
          this.#count(connected);
          begun.resolve();
        },
      });
      return socket.run(this.#abort.signal);
    });
    this.#running = Promise.allSettled(sockets);
    this.#suspendDetector.start();
    for (const socket of sockets) socket.catch(begun.reject);
    try {
      await Promise.race([begun.promise, this.#running]);
    } catch (error) {
      this.#suspendDetector.stop();
      this.#abort.abort();
      throw error;
    } finally {
      this.#starting = false;
      clearTimeout(timer);
    }
  }

  /** Whether events can come in at this moment. */
  get isConnected(): boolean {
    return this.#connected > 0;
  }

  async stop(): Promise<void> {
    this.#suspendDetector.stop();
    this.#abort.abort();
    await this.#running;
  }

  #count(connected: boolean): void {
    this.#connected += connected ? 1 : -1;
    if (this.#abort.signal.aborted) return;
    const suspension = this.#suspension;
    const wasSuspended = suspension !== undefined && Date.now() - suspension.endedMs < settleMs;
    if (this.#connected === 0) this.#disconnectedAt = Date.now();
    // Until now Slack may have sent events to a connection that the suspension had broken.
    else if (connected && wasSuspended) this.#options.onReconnected(suspension.sinceMs);
    else if (connected && this.#connected === 1) this.#options.onReconnected(this.#disconnectedAt);
  }
}

const tickMs = 10_000;
/** A busy loop is late by seconds; a machine that was suspended, by more than this. */
const suspendedMs = 60_000;

/** Notices that the machine was suspended: its connections seem alive, but no event came. */
export class SuspendDetector {
  readonly #onAwake: (sinceMs: number) => void;
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onAwake gets the last time before the suspension, in ms since the epoch */
  constructor(onAwake: (sinceMs: number) => void) {
    this.#onAwake = onAwake;
  }

  start(): void {
    this.stop();
    this.#beatAt = Date.now();
    this.#timer = setInterval(() => this.#beat(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const before = this.#beatAt;
    this.#beatAt = Date.now();
    if (this.#beatAt - before > suspendedMs) this.#onAwake(before);
  }
}
