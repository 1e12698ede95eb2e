import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { waitUnlessAborted } from '../../../../src/platforms/common/abortable-sleep.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('is over when its time has passed, and sooner where the signal aborts', async () => {
  const abort = new AbortController();
  const passed = waitUnlessAborted(1_000, abort.signal);
  vi.advanceTimersByTime(1_000);
  expect(await passed).toBe(true);
  const cut = waitUnlessAborted(1_000, abort.signal);
  abort.abort();
  expect(await cut).toBe(false);
  expect(await waitUnlessAborted(1_000, abort.signal)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
