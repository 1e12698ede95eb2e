import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallFailed, RateLimited, Rejected } from '../../../../src/core/domain/errors.ts';
import { BackgroundCalls } from '../../../../src/platforms/common/background-calls.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Runs an errand that fails so at its first tries; gives how often it was tried. */
async function tries(ms: number, ...failures: Error[]) {
  const log = recordingLog();
  const errands = new BackgroundCalls(log);
  let tried = 0;
  errands.run('tell', async () => {
    const failure = failures[tried];
    tried += 1;
    if (failure !== undefined) throw failure;
  });
  await vi.advanceTimersByTimeAsync(ms);
  return {
    tried,
    errands,
    failed: log.events.filter(({ event }) => event === 'background call failed').length,
  };
}

const limited = (ms = 100) => new RateLimited(ms);

describe('an errand', () => {
  it('is run again while it is rate limited, whoever took the place that it waited for', async () => {
    const failures = Array.from({ length: 5 }, () => limited());
    expect(await tries(30_000, ...failures)).toMatchObject({ tried: 6, failed: 0 });
  });

  it('is not run again before it may be', async () => {
    expect(await tries(9_000, limited(10_000))).toMatchObject({ tried: 1 });
    expect(await tries(11_000, limited(10_000))).toMatchObject({ tried: 2, failed: 0 });
  });

  it('is given up when it was rate limited for a minute', async () => {
    const failures = Array.from({ length: 1_000 }, () => limited(1));
    const { tried, failed } = await tries(90_000, ...failures);
    expect(failed).toBe(1);
    expect(tried).toBeLessThan(50);
  });

  it('is run once more where it got no answer, and not where it is refused', async () => {
    const away = new CallFailed('away');
    expect(await tries(30_000, away)).toMatchObject({ tried: 2, failed: 0 });
    expect(await tries(30_000, limited(), away, limited())).toMatchObject({ tried: 4, failed: 0 });
    expect(await tries(30_000, away, away)).toMatchObject({ tried: 2, failed: 1 });
    expect(await tries(30_000, new Rejected('refused', 'no'))).toMatchObject({
      tried: 1,
      failed: 1,
    });
  });

  it('waits no longer once the service stops', async () => {
    const { errands } = await tries(1_000, limited(50_000));
    const closed = vi.fn<() => void>();
    void errands.close(500).then(closed);
    await vi.advanceTimersByTimeAsync(400);
    expect(closed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(closed).toHaveBeenCalledOnce();
  });
});
