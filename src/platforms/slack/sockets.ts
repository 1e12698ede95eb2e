import { Socket, type SocketOptions } from './socket.ts';

/** Slack refreshes one connection at a time: the other one hears meanwhile. */
const connections = 2;

export interface SocketsOptions extends Omit<SocketOptions, 'onHearing' | 'givesUp'> {
  /** Somebody hears again after nobody did for so long, in milliseconds; also the first time. */
  readonly onHearingAgain: (deafSinceMs: number | undefined) => void;
}

/** Socket Mode over several connections, any of which hears everything that is sent to it. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #abort = new AbortController();
  #starting = true;
  #hearing = 0;
  /** When the last one fell silent, in milliseconds since the epoch. */
  #deafSince: number | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: SocketsOptions) {
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
      const socket = new Socket({
        ...this.#options,
        givesUp: () => this.#starting,
        onHearing: (hearing) => {
          this.#starting = false;
          this.#count(hearing);
          begun.resolve();
        },
      });
      return socket.run(this.#abort.signal);
    });
    this.#running = Promise.allSettled(sockets);
    for (const socket of sockets) socket.catch(begun.reject);
    try {
      await begun.promise;
    } catch (error) {
      this.#abort.abort();
      throw error;
    } finally {
      this.#starting = false;
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #count(hearing: boolean): void {
    this.#hearing += hearing ? 1 : -1;
    if (this.#abort.signal.aborted) return;
    if (this.#hearing === 0) this.#deafSince = Date.now();
    else if (hearing && this.#hearing === 1) this.#options.onHearingAgain(this.#deafSince);
  }
}
