import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SuspendDetector } from '../../../../../src/platforms/slack/receive/socket-mode.ts';

const minuteMs = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The clock goes on, and no timer does. */
function suspend(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

it('tells since when the machine was suspended, once, and nothing of a busy minute', () => {
  const naps: number[] = [];
  const watch = new SuspendDetector((sinceMs) => naps.push(sinceMs));
  watch.start();
  vi.advanceTimersByTime(10 * minuteMs);
  suspend(minuteMs / 2);
  vi.advanceTimersByTime(minuteMs);
  expect(naps).toEqual([]);
  const beforeMs = Date.now();
  suspend(60 * minuteMs);
  vi.advanceTimersByTime(minuteMs);
  expect(naps).toEqual([beforeMs]);
  watch.stop();
  suspend(60 * minuteMs);
  vi.advanceTimersByTime(minuteMs);
  expect(naps).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
