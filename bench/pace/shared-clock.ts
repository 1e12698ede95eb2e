const startedAt = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** A moment of this process's `performance.now()` on a clock that all processes here share. */
export function toSharedTime(ownMs: number): number {
  return startedAt + ownMs;
}

/** Now, on that clock, in milliseconds. */
export function sharedNow(): number {
  return toSharedTime(performance.now());
}
