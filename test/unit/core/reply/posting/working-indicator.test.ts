import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallFailed, RateLimited, Rejected } from '../../../../../src/core/domain/errors.ts';
import { WorkingIndicator } from '../../../../../src/core/reply/posting/working-indicator.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';
import { FakeSurface } from '../../../../fakes/fake-surface.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A sign of work with a mark that says all and is renewed every 100 s; it fails so at first. */
function begin(...failures: Error[]) {
  const surface = new FakeSurface().withWorking({ renewMs: 100_000, tellsWaiting: true });
  const mark = surface.working!;
  const tries: number[] = [];
  const beganAt = performance.now();
  surface.working = {
    ...mark,
    show: (state, signal) => {
      tries.push(performance.now() - beganAt);
      const failure = failures.shift();
      return failure === undefined ? mark.show(state, signal) : Promise.reject(failure);
    },
  };
  const working = new WorkingIndicator({ surface, log: recordingLog() });
  const placeholders: string[] = [];
  working.start((text) => placeholders.push(text));
  return { working, surface, tries, placeholders };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('is renewed before it fades, and needs no placeholder', async () => {
  const { working, tries, placeholders } = begin();
  await pass(250_000);
  expect(tries).toEqual([0, 100_000, 200_000]);
  expect(placeholders).toEqual([]);
  working.stop();
});

it('comes when the platform takes it again; a placeholder stands in', async () => {
  const { working, surface, tries, placeholders } = begin(new RateLimited(20_000));
  await pass(4_900);
  expect(placeholders).toEqual([]);
  await pass(200);
  expect(placeholders).toEqual(['Thinking…']);
  // Nor does news hurry it.
  working.update({ phase: 'waiting', ahead: 1 });
  await pass(14_000);
  expect(tries).toEqual([0]);
  await pass(1_000);
  expect(tries).toEqual([0, 20_000]);
  expect(surface.marks).toEqual([{ phase: 'waiting', ahead: 1 }]);
  working.stop();
});

it('is tried again soon after no answer, and not where it was refused', async () => {
  const failed = begin(new CallFailed('no answer'));
  const refused = begin(new Rejected('refused', 'not here'));
  await pass(30_000);
  expect(failed.tries).toEqual([0, 5_000]);
  expect(refused.tries).toEqual([0]);
  expect(refused.placeholders).toEqual(['Thinking…']);
  failed.working.stop();
  refused.working.stop();
});
