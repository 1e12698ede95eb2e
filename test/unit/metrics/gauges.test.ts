import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { QueueDepth } from '../../../src/core/ports/store.ts';
import { StoreProbe, type StoreProbeOptions } from '../../../src/metrics/gauges.ts';
import { recordingLog } from '../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const idle: QueueDepth = { waiting: 0, running: 0 };
const hang = (): Promise<never> => new Promise(() => undefined);

/** Looks after a store that is at what the test says. */
function watching(store: Partial<StoreProbeOptions['store']> = {}, refused = () => 0) {
  const log = recordingLog();
  const depth = (): Promise<QueueDepth> => Promise.resolve(idle);
  const check = (): Promise<void> => Promise.resolve();
  return {
    log,
    watch: new StoreProbe({
      store: { queueDepth: depth, checkWritable: check, ...store },
      refusedCount: refused,
      log,
    }),
  };
}

it('asks the store once in 5 s, whoever scrapes how often', async () => {
  let asked = 0;
  const { watch } = watching({ queueDepth: async () => ({ waiting: (asked += 1), running: 0 }) });
  await Promise.all([watch.state(), watch.state()]);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(await watch.state()).toEqual({ up: true, depth: { waiting: 1, running: 0 } });
  await vi.advanceTimersByTimeAsync(200);
  expect(await watch.state()).toEqual({ up: true, depth: { waiting: 2, running: 0 } });
});

it('tells nothing of a store that is away, and asks it again', async () => {
  let isAway = true;
  const unlessAway = <T>(value: T): Promise<T> =>
    isAway ? Promise.reject(new Error('away')) : Promise.resolve(value);
  const { log, watch } = watching({
    queueDepth: () => unlessAway(idle),
    checkWritable: () => unlessAway(undefined),
  });
  expect(await watch.state()).toEqual({ up: false });
  expect(log.events.map(({ level }) => level)).toEqual(['debug', 'debug']);
  isAway = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await watch.state()).toEqual({ up: true, depth: idle });
});

it('finds a store down that can be read and takes nothing', async () => {
  const { watch } = watching({ checkWritable: () => Promise.reject(new Error('full')) });
  expect(await watch.state()).toEqual({ up: false, depth: idle });
});

it('finds it down at once after a question that it did not keep, and then looks anew', async () => {
  let refused = 0;
  const { watch } = watching({}, () => refused);
  expect((await watch.state()).up).toBe(true);
  refused = 1;
  expect((await watch.state()).up).toBe(false);
  await vi.advanceTimersByTimeAsync(4_900);
  expect((await watch.state()).up).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect((await watch.state()).up).toBe(true);
});

it.each([
  ['tells what waits', { queueDepth: hang }, {}],
  ['takes something', { checkWritable: hang }, { depth: idle }],
])('waits 2 s for a store until it %s, and no longer', async (_, store, known) => {
  const { watch } = watching(store);
  let answer: unknown = 'nothing yet';
  void watch.state().then((state) => (answer = state));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(answer).toBe('nothing yet');
  await vi.advanceTimersByTimeAsync(200);
  expect(answer).toEqual({ up: false, ...known });
});
