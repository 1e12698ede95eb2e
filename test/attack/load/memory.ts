import { readFileSync } from 'node:fs';

const everyMs = 100;
const kib = 1_024;

/** Memory of a process that the machine holds for it, sampled ten times a second. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** The most since the last call, in bytes. */
  takePeak(): number {
    this.#look();
    const peak = this.#peak;
    this.#peak = 0;
    return peak;
  }

  /** The most ever, also between two samples, in bytes. */
  get highest(): number {
    return this.#read('VmHWM');
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, this.#read('VmRSS'));
  }

  #read(field: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * kib;
  }
}
