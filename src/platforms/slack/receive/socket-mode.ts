import { SocketConnection, type SocketConnectionOptions } from './socket-connection.ts';

/** Slack refreshes one connection at a time: the other one hears meanwhile. */
const connections = 2;
/** A connection that died in a nap is found out and made again within this time. */
const settleMs = 2 * 60_000;

export interface SocketModeOptions extends Omit<SocketConnectionOptions, 'onHearing' | 'givesUp'> {
  /** Somebody hears again after nobody did since then, in ms since the epoch; also the first time. */
  readonly onReconnected: (deafSinceMs: number | undefined) => void;
}

/** Socket Mode over several connections, any of which hears everything that is sent to it. */
export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #abort = new AbortController();
  #starting = true;
  #receiving = 0;
  /** When the last one fell silent, in milliseconds since the epoch. */
  #deafSince: number | undefined;
  /** The machine was suspended since then, and woke up a moment ago. */
  #nap: { readonly sinceMs: number; readonly endedMs: number } | undefined;
  readonly #naps = new SuspendDetector((sinceMs) => {
    this.#nap = { sinceMs, endedMs: Date.now() };
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
        givesUp: () => this.#starting,
        onHearing: (receiving) => {
          this.#starting = false;
          this.#count(receiving);
          begun.resolve();
        },
      });
      return socket.run(this.#abort.signal);
    });
    this.#running = Promise.allSettled(sockets);
    this.#naps.start();
    for (const socket of sockets) socket.catch(begun.reject);
    try {
      await Promise.race([begun.promise, this.#running]);
    } catch (error) {
      this.#naps.stop();
      this.#abort.abort();
      throw error;
    } finally {
      this.#starting = false;
      clearTimeout(timer);
    }
  }

  /** Whether Slack can tell us anything at this moment. */
  get isConnected(): boolean {
    return this.#receiving > 0;
  }

  async stop(): Promise<void> {
    this.#naps.stop();
    this.#abort.abort();
    await this.#running;
  }

  #count(receiving: boolean): void {
    this.#receiving += receiving ? 1 : -1;
    if (this.#abort.signal.aborted) return;
    const nap = this.#nap;
    const napped = nap !== undefined && Date.now() - nap.endedMs < settleMs;
    if (this.#receiving === 0) this.#deafSince = Date.now();
    // Until now what Slack sent may have gone to a connection that the nap had killed.
    else if (receiving && napped) this.#options.onReconnected(nap.sinceMs);
    else if (receiving && this.#receiving === 1) this.#options.onReconnected(this.#deafSince);
  }
}

const tickMs = 10_000;
/** A busy loop is late by seconds; a machine that was suspended, by more than this. */
const suspendedMs = 60_000;

/** Notices that the machine was suspended: its connections seem alive, and heard nothing. */
export class SuspendDetector {
  readonly #onAwake: (sinceMs: number) => void;
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onAwake told when it was last known to be awake, in milliseconds since the epoch */
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
