import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  LoginThrottle,
  type ThrottleResult,
} from '../../../../../src/platforms/web/sessions/login-throttle.ts';

const never = new AbortController().signal;
let line: LoginThrottle;

beforeEach(() => {
  vi.useFakeTimers();
  line = new LoginThrottle();
});

afterEach(() => vi.useRealTimers());

/** A try, and what became of it so far. */
interface Try {
  turn?: ThrottleResult;
}

function attempt(lane?: string, signal = never): Try {
  const made: Try = {};
  void line.wait(lane, signal).then((turn) => (made.turn = turn));
  return made;
}

function attempts(count: number, lane?: string): Try[] {
  return Array.from({ length: count }, () => attempt(lane));
}

function turnsOf(tries: readonly Try[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { turn = 'waiting' } of tries) counts[turn] = (counts[turn] ?? 0) + 1;
  return counts;
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it('lets guesses of one address through slowly: five, then one every two seconds', async () => {
  const tries = attempts(12, '10.0.0.1');
  await pass(0);
  expect(turnsOf(tries)).toEqual({ come: 5, waiting: 7 });
  await pass(2_000);
  expect(turnsOf(tries)).toEqual({ come: 6, waiting: 6 });
  await pass(12_000);
  expect(turnsOf(tries)).toEqual({ come: 12 });
});

it('lets guesses of many addresses through slowly, too: ten, then two a second', async () => {
  const tries = Array.from({ length: 40 }, (_, i) => attempt(`10.0.0.${i}`));
  await pass(0);
  expect(turnsOf(tries)).toEqual({ come: 10, waiting: 30 });
  await pass(5_000);
  expect(turnsOf(tries)).toEqual({ come: 20, waiting: 20 });
});

it('gives every try its turn within 30 s, in the order in which they came', async () => {
  const guesses = attempts(11);
  const right = attempt();
  await pass(0);
  expect(right.turn).toBeUndefined();
  await pass(1_000);
  expect(right.turn).toBe('come');
  expect(turnsOf(guesses)).toEqual({ come: 11 });
  const [last] = attempts(60).toReversed();
  await pass(30_000);
  expect(last?.turn).toBe('come');
});

it('lets nobody who floods it keep other addresses out', async () => {
  const floods = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
  const guesses = floods.flatMap((lane) => attempts(100, lane));
  const nobody = attempts(100);
  const right = attempt('192.168.1.1');
  await pass(4_000);
  expect(right.turn).toBe('come');
  expect(turnsOf([...guesses, ...nobody])['crowded']).toBeGreaterThan(400);
});

it('does not count those that were right', async () => {
  for (let i = 0; i < 100; i += 1) {
    const each = attempt('10.0.0.1');
    await pass(0);
    expect(each.turn).toBe('come');
    line.succeeded('10.0.0.1');
  }
});

it('keeps no place for those who left', async () => {
  attempts(10);
  const gone = new AbortController();
  const left = Array.from({ length: 50 }, () => attempt(undefined, gone.signal));
  const right = attempt();
  gone.abort();
  await pass(500);
  expect(turnsOf(left)).toEqual({ left: 50 });
  expect(right.turn).toBe('come');
});
