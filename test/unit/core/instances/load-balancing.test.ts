import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InstanceLoads } from '../../../../src/core/instances/load-balancing.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Instances that hear each other, until one dies. */
function start(...owners: string[]) {
  const loads = new Map(owners.map((owner) => [owner, 0]));
  const alive = new Set(owners);
  const all = new Map<string, InstanceLoads>();
  const channel = {
    watch() {},
    publishLoad: (owner: string, turns: number) => {
      if (!alive.has(owner)) return Promise.reject(new Error('it is dead'));
      for (const peers of all.values()) peers.update(owner, turns);
      return Promise.resolve();
    },
  };
  for (const owner of owners) {
    const load = () => loads.get(owner) ?? 0;
    all.set(owner, new InstanceLoads({ store: { channel }, owner, load, log: recordingLog() }));
  }
  for (const peers of all.values()) peers.start();
  return { loads, alive, of: (owner: string) => all.get(owner)! };
}

it('know who of the others has least at hand, once all have told it', async () => {
  const { loads, of } = start('a', 'b', 'c');
  for (const [owner, turns] of [
    ['a', 1],
    ['b', 5],
    ['c', 3],
  ] as const)
    loads.set(owner, turns);
  expect(of('a').lowest).toBe(0);
  await vi.advanceTimersByTimeAsync(2_100);
  expect([of('a').lowest, of('b').lowest, of('c').lowest]).toEqual([3, 1, 1]);
});

it('are nobody to one that is alone', async () => {
  const { of } = start('a');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(of('a').lowest).toBe(Infinity);
});

it('are left out once they are gone, or take nothing more', async () => {
  const { loads, alive, of } = start('a', 'b', 'c');
  loads.set('c', 7);
  await vi.advanceTimersByTimeAsync(2_100);
  expect(of('a').lowest).toBe(0);
  alive.delete('b');
  await vi.advanceTimersByTimeAsync(4_000);
  expect(of('a').lowest).toBe(7);
  of('c').stop();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(of('a').lowest).toBe(Infinity);
});
