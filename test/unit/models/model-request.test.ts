import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IdleTimeout } from '../../../src/models/model-request.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('reports silence once, with how long it was', () => {
  const silences: number[] = [];
  new IdleTimeout((limitMs) => silences.push(limitMs)).start(100);

  vi.advanceTimersByTime(99);
  expect(silences).toEqual([]);

  vi.advanceTimersByTime(1_000);
  expect(silences).toEqual([100]);
});

test('each sign of life begins the wait anew', () => {
  const silences: number[] = [];
  const watchdog = new IdleTimeout((limitMs) => silences.push(limitMs));
  for (let life = 0; life < 10; life += 1) {
    watchdog.start(100);
    vi.advanceTimersByTime(90);
  }
  expect(silences).toEqual([]);

  watchdog.start(30);
  vi.advanceTimersByTime(30);
  expect(silences).toEqual([30]);
});

test('reports nothing while it rests, and leaves no timer', () => {
  const silences: number[] = [];
  const watchdog = new IdleTimeout((limitMs) => silences.push(limitMs));
  watchdog.start(100);
  watchdog.stop();

  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(silences).toEqual([]);
});
