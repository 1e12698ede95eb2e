import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Depth } from '../../../src/core/ports/store.ts';
import { StoreWatch, type StoreWatchOptions } from '../../../src/metrics/gauges.ts';
import { readableLog } from '../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const idle: Depth = { waiting: 0, running: 0 };
const hang = (): Promise<never> => new Promise(() => undefined);

/** Looks after a store that is at what the test says. */
function watching(store: Partial<StoreWatchOptions['store']> = {}, refused = () => 0) {
  const log = readableLog();
  const depth = (): Promise<Depth> => Promise.resolve(idle);
  const check = (): Promise<void> => Promise.resolve();
  return { log, watch: new StoreWatch({ store: { depth, check, ...store }, refused, log }) };
}

it('asks the store once in 5 s, whoever scrapes how often', async () => {
  let asked = 0;
  const { watch } = watching({ depth: async () => ({ waiting: (asked += 1), running: 0 }) });
  await Promise.all([watch.look(), watch.look()]);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(await watch.look()).toEqual({ up: true, depth: { waiting: 1, running: 0 } });
  await vi.advanceTimersByTimeAsync(200);
  expect(await watch.look()).toEqual({ up: true, depth: { waiting: 2, running: 0 } });
});

it('tells nothing of a store that is away, and asks it again', async () => {
  let isAway = true;
  const unlessAway = <T>(value: T): Promise<T> =>
    isAway ? Promise.reject(new Error('away')) : Promise.resolve(value);
  const { log, watch } = watching({
    depth: () => unlessAway(idle),
    check: () => unlessAway(undefined),
  });
  expect(await watch.look()).toEqual({ up: false });
  expect(log.events.map(({ level }) => level)).toEqual(['debug', 'debug']);
  isAway = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await watch.look()).toEqual({ up: true, depth: idle });
});

it('finds a store down that can be read and takes nothing', async () => {
  const { watch } = watching({ check: () => Promise.reject(new Error('full')) });
  expect(await watch.look()).toEqual({ up: false, depth: idle });
});

it('finds it down at once after a question that it did not keep, and then looks anew', async () => {
  let refused = 0;
  const { watch } = watching({}, () => refused);
  expect((await watch.look()).up).toBe(true);
  refused = 1;
  expect((await watch.look()).up).toBe(false);
  await vi.advanceTimersByTimeAsync(4_900);
  expect((await watch.look()).up).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect((await watch.look()).up).toBe(true);
});

it.each([
  ['tells what waits', { depth: hang }, {}],
  ['takes something', { check: hang }, { depth: idle }],
])('waits 2 s for a store until it %s, and no longer', async (_, store, known) => {
  const { watch } = watching(store);
  let answer: unknown = 'nothing yet';
  void watch.look().then((state) => (answer = state));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(answer).toBe('nothing yet');
  await vi.advanceTimersByTimeAsync(200);
  expect(answer).toEqual({ up: false, ...known });
});
