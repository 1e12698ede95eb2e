/** The first second of 2015, in milliseconds since the epoch: Discord's ids count from there. */
const epochMs = 1_420_070_400_000n;

/** When an id was given, in milliseconds since the epoch. */
export function timeOf(id: string): number {
  return Number((BigInt(id) >> 22n) + epochMs);
}

/** The smallest id of this moment, in milliseconds since the epoch. */
export function idAt(ms: number): string {
  const since = BigInt(Math.floor(ms)) - epochMs;
  return (since > 0n ? since << 22n : 0n).toString();
}

/** The largest id that is older than this one. */
export function justBefore(id: string): string {
  return (BigInt(id) - 1n).toString();
}

export function isSnowflake(value: unknown): value is string {
  return typeof value === 'string' && /^\d{15,20}$/.test(value);
}
