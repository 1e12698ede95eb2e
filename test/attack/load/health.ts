import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const probe = fileURLToPath(new URL('./health-probe.ts', import.meta.url));

/** One request for health, each on a connection of its own. */
export interface Probe {
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /** Until it was answered whole. */
  readonly ms: number;
  /** 0 if there was no answer. */
  readonly status: number;
}

/**
 * Asks for health four times a second, in a process that does nothing else, and in a session of its
 * own, so that it waits for nothing that the attack does.
 */
export class HealthWatch {
  readonly #probes: Probe[] = [];
  readonly #process: ChildProcess;

  constructor(url: string) {
    this.#process = fork(probe, [url], { detached: true });
    this.#process.on('message', (message) => this.#probes.push(message as Probe));
  }

  /** Those that were made since then, in milliseconds since the epoch. */
  since(at: number): Probe[] {
    return this.#probes.filter((probe) => probe.at >= at);
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
