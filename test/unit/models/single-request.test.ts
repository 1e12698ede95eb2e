import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watchdog } from '../../../src/models/single-request.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('reports silence once, with how long it was', () => {
  const silences: number[] = [];
  new Watchdog((limitMs) => silences.push(limitMs)).watch(100);

  vi.advanceTimersByTime(99);
  expect(silences).toEqual([]);

  vi.advanceTimersByTime(1_000);
  expect(silences).toEqual([100]);
});

test('each sign of life begins the wait anew', () => {
  const silences: number[] = [];
  const watchdog = new Watchdog((limitMs) => silences.push(limitMs));
  for (let life = 0; life < 10; life += 1) {
    watchdog.watch(100);
    vi.advanceTimersByTime(90);
  }
  expect(silences).toEqual([]);

  watchdog.watch(30);
  vi.advanceTimersByTime(30);
  expect(silences).toEqual([30]);
});

test('reports nothing while it rests, and leaves no timer', () => {
  const silences: number[] = [];
  const watchdog = new Watchdog((limitMs) => silences.push(limitMs));
  watchdog.watch(100);
  watchdog.rest();

  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(silences).toEqual([]);
});
