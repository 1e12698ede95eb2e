/** Milliseconds since the epoch, with a fraction; never goes back. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The timestamps of one channel, which are its messages' ids: unique, growing, by the real clock. */
export class Timestamps {
  #lastMicros = 0;

  next(): string {
    this.#lastMicros = Math.max(Math.floor(nowMs() * 1_000), this.#lastMicros + 1);
    return tsOf(this.#lastMicros);
  }
}

/** Such as `1700000000.000100`, from microseconds since the epoch. */
export function tsOf(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}`;
}

/** Microseconds since the epoch; NaN for what is no timestamp. */
export function microsOf(ts: string): number {
  return /^\d+(\.\d*)?$/.test(ts) ? Math.round(Number(ts) * 1_000_000) : Number.NaN;
}
