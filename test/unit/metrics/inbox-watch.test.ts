import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Depth } from '../../../src/core/ports/store.ts';
import { InboxWatch } from '../../../src/metrics/inbox-watch.ts';
import { readableLog } from '../../fakes/log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('asks the store once in 5 s, whoever scrapes how often', async () => {
  let asked = 0;
  const watch = new InboxWatch(async () => ({ waiting: (asked += 1), running: 0 }), readableLog());
  await Promise.all([watch.look(), watch.look()]);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(await watch.look()).toEqual({ waiting: 1, running: 0 });
  await vi.advanceTimersByTimeAsync(200);
  expect(await watch.look()).toEqual({ waiting: 2, running: 0 });
});

it('tells nothing of a store that is away, and asks it again', async () => {
  const log = readableLog();
  let isAway = true;
  const depth = (): Promise<Depth> =>
    isAway ? Promise.reject(new Error('away')) : Promise.resolve({ waiting: 0, running: 3 });
  const watch = new InboxWatch(depth, log);
  expect(await watch.look()).toBeUndefined();
  expect(log.events.map(({ level }) => level)).toEqual(['debug']);
  isAway = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await watch.look()).toEqual({ waiting: 0, running: 3 });
});

it('waits 2 s for a store that hangs, and no longer', async () => {
  const watch = new InboxWatch(() => new Promise(() => undefined), readableLog());
  let answer: unknown = 'nothing yet';
  void watch.look().then((depth) => (answer = depth));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(answer).toBe('nothing yet');
  await vi.advanceTimersByTimeAsync(200);
  expect(answer).toBeUndefined();
});
