/** Where Discord's time begins, in milliseconds since the epoch. */
const epochMs = 1_420_070_400_000;

/** Hands out ids as Discord does: time-ordered, never the same twice. */
export class Snowflakes {
  #last = 0n;
  readonly #earlier = new Set<bigint>();

  /** An id for now, or for a time in milliseconds since the epoch. */
  next(atMs?: number): string {
    if (atMs !== undefined) return this.#of(atMs);
    const now = snowflakeAt(Date.now());
    this.#last = now > this.#last ? now : this.#last + 1n;
    return String(this.#last);
  }

  #of(atMs: number): string {
    let id = snowflakeAt(atMs);
    while (this.#earlier.has(id)) id += 1n;
    this.#earlier.add(id);
    return String(id);
  }
}

function snowflakeAt(ms: number): bigint {
  return BigInt(Math.floor(ms) - epochMs) << 22n;
}

/** When an id was made, in milliseconds since the epoch. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + epochMs;
}

/** For sorting; ids of more digits are later ones. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

export function isSnowflake(value: unknown): value is string {
  return typeof value === 'string' && /^\d{17,20}$/.test(value);
}
