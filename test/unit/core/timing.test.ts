import { expect, it, vi } from 'vitest';
import { EventLoopYield, waitUnlessAborted } from '../../../src/core/timing.ts';

/** Longer than what is taken in before others have their turn. */
function work(): void {
  const until = performance.now() + 9;
  while (performance.now() < until);
}

it('lets others have their turn between pieces of work that came in at once', async () => {
  const breather = new EventLoopYield();
  let turns = 0;
  let over = false;
  const count = (): void => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const pieces = Array.from({ length: 10 }, async () => {
    await breather.whenFree();
    work();
  });
  await Promise.all(pieces);
  over = true;
  expect(turns).toBeGreaterThanOrEqual(9);
});

it('waits until the time has passed, and less where the signal aborts, which is no error', async () => {
  vi.useFakeTimers();
  try {
    const abort = new AbortController();
    const passed = waitUnlessAborted(1_000, abort.signal);
    vi.advanceTimersByTime(1_000);
    expect(await passed).toBe(true);
    const cut = waitUnlessAborted(1_000, abort.signal);
    abort.abort();
    expect(await cut).toBe(false);
    expect(await waitUnlessAborted(1_000, abort.signal)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
