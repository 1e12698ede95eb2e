import { Worker } from 'node:worker_threads';

/** One request for health, each on a connection of its own. */
export interface Probe {
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /** Until it was answered whole. */
  readonly ms: number;
  /** 0 if there was no answer. */
  readonly status: number;
}

/** Asks for health four times a second, in a thread that nothing else runs in. */
export class HealthWatch {
  readonly #probes: Probe[] = [];
  readonly #thread: Worker;

  constructor(url: string) {
    this.#thread = new Worker(new URL('./health-thread.ts', import.meta.url), { workerData: url });
    this.#thread.on('message', (probe: Probe) => this.#probes.push(probe));
  }

  /** Those that were made since then, in milliseconds since the epoch. */
  since(at: number): Probe[] {
    return this.#probes.filter((probe) => probe.at >= at);
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}
