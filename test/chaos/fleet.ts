import { type ParleyProcess, startParley } from '../processes/parley-process.ts';

/** Several Parley processes that work as one service. */
export class Fleet {
  readonly #env: (index: number) => Record<string, string>;
  readonly #processes: ParleyProcess[];
  /** What the earlier lives of each instance printed. */
  readonly #past: string[][];

  private constructor(
    env: (index: number) => Record<string, string>,
    processes: readonly ParleyProcess[],
  ) {
    this.#env = env;
    this.#processes = [...processes];
    this.#past = processes.map(() => []);
  }

  /** @param env of each instance, in which OPENAI_API_KEY tells them apart */
  static async start(
    count: number,
    env: (index: number) => Record<string, string>,
  ): Promise<Fleet> {
    const each = (index: number) => ({ ...env(index), OPENAI_API_KEY: apiKeyOf(index) });
    const starting = Array.from({ length: count }, (_, index) => startParley(each(index)));
    const settled = await Promise.allSettled(starting);
    const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed === undefined) return new Fleet(each, started);
    await Promise.all(started.map((process) => process.stop()));
    throw failed.reason;
  }

  get size(): number {
    return this.#processes.length;
  }

  at(index: number): ParleyProcess {
    const process = this.#processes[index];
    if (process === undefined) throw new Error(`there is no instance ${index}`);
    return process;
  }

  /** Starts one more. */
  async addInstance(): Promise<number> {
    const index = this.#processes.length;
    this.#past.push([]);
    this.#processes.push(await startParley(this.#env(index)));
    return index;
  }

  /** As loss of power does. */
  async kill(index: number): Promise<void> {
    this.at(index).kill();
    await this.at(index).died();
  }

  /** Starts an instance that is gone again, where it was. */
  async restart(index: number): Promise<void> {
    this.#past[index]?.push(this.at(index).output);
    this.#processes[index] = await this.at(index).restart();
  }

  /** SIGTERM; resolves with the exit code. */
  terminate(index: number): Promise<number | null> {
    return this.at(index).interrupt();
  }

  /** What an instance logged of an event, in all its lives. */
  logged(index: number, event: string): Record<string, unknown>[] {
    return this.printed(index)
      .split('\n')
      .filter((line) => line.includes(`"${event}"`))
      .flatMap(parsed);
  }

  /** All that an instance printed in all its lives. */
  printed(index: number): string {
    return [...(this.#past[index] ?? []), this.at(index).output].join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }
}

/** The key with which an instance asks the model. */
export function apiKeyOf(index: number): string {
  return `sk-instance-${index}`;
}

/** The last line of a process that was killed may be cut off. */
function parsed(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}
