import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  LoginThrottle,
  type ThrottleResult,
} from '../../../../../src/platforms/web/sessions/login.ts';

const never = new AbortController().signal;
let throttle: LoginThrottle;

beforeEach(() => {
  vi.useFakeTimers();
  throttle = new LoginThrottle();
});

afterEach(() => vi.useRealTimers());

/** A try, and what became of it so far. */
interface Try {
  result?: ThrottleResult;
}

function attempt(key?: string, signal = never): Try {
  const made: Try = {};
  void throttle.wait(key, signal).then((result) => (made.result = result));
  return made;
}

function attempts(count: number, key?: string): Try[] {
  return Array.from({ length: count }, () => attempt(key));
}

function resultsOf(tries: readonly Try[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result = 'waiting' } of tries) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it('lets guesses of one address through slowly: five, then one every two seconds', async () => {
  const tries = attempts(12, '10.0.0.1');
  await pass(0);
  expect(resultsOf(tries)).toEqual({ admitted: 5, waiting: 7 });
  await pass(2_000);
  expect(resultsOf(tries)).toEqual({ admitted: 6, waiting: 6 });
  await pass(12_000);
  expect(resultsOf(tries)).toEqual({ admitted: 12 });
});

it('lets guesses of many addresses through slowly, too: ten, then two a second', async () => {
  const tries = Array.from({ length: 40 }, (_, i) => attempt(`10.0.0.${i}`));
  await pass(0);
  expect(resultsOf(tries)).toEqual({ admitted: 10, waiting: 30 });
  await pass(5_000);
  expect(resultsOf(tries)).toEqual({ admitted: 20, waiting: 20 });
});

it('gives every attempt its turn within 30 s, in the order in which they came', async () => {
  const guesses = attempts(11);
  const right = attempt();
  await pass(0);
  expect(right.result).toBeUndefined();
  await pass(1_000);
  expect(right.result).toBe('admitted');
  expect(resultsOf(guesses)).toEqual({ admitted: 11 });
  const [last] = attempts(60).toReversed();
  await pass(30_000);
  expect(last?.result).toBe('admitted');
});

it('lets nobody who floods it keep other addresses out', async () => {
  const floods = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
  const guesses = floods.flatMap((key) => attempts(100, key));
  const nobody = attempts(100);
  const right = attempt('192.168.1.1');
  await pass(4_000);
  expect(right.result).toBe('admitted');
  expect(resultsOf([...guesses, ...nobody])['too-many']).toBeGreaterThan(400);
});

it('does not count those that were right', async () => {
  for (let i = 0; i < 100; i += 1) {
    const each = attempt('10.0.0.1');
    await pass(0);
    expect(each.result).toBe('admitted');
    throttle.succeeded('10.0.0.1');
  }
});

it('keeps no place for those who left', async () => {
  attempts(10);
  const gone = new AbortController();
  const left = Array.from({ length: 50 }, () => attempt(undefined, gone.signal));
  const right = attempt();
  gone.abort();
  await pass(500);
  expect(resultsOf(left)).toEqual({ aborted: 50 });
  expect(right.result).toBe('admitted');
});
