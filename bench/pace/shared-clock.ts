const startedAt = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** A moment of this process's `performance.now()` on a clock that all processes here share. */
export function shared(ownMs: number): number {
  return startedAt + ownMs;
}

/** Now, on that clock, in milliseconds. */
export function sharedNow(): number {
  return shared(performance.now());
}
