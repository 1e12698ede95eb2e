import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BackgroundCalls, measured } from '../../../../src/platforms/common/platform-calls.ts';
import { CallFailed, RateLimited, Rejected } from '../../../../src/core/domain/errors.ts';
import { noMetrics } from '../../../../src/core/ports/metrics.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

const going = new AbortController().signal;
const over = AbortSignal.abort(new Error('given up'));

it.for([
  ['a call that was answered', undefined, going, ['ok']],
  ['a rate limit', new RateLimited(1_000), going, ['limited']],
  ['a refusal', new Rejected('refused', 'no'), going, ['refused']],
  ['no answer', new CallFailed('no answer'), going, ['failed']],
  ['a mistake of ours', new TypeError('oops'), going, ['failed']],
  ['a call that was given up here', new CallFailed('no answer'), over, []],
  ['a call that was answered though it was given up', undefined, over, ['ok']],
] as const)('counts %s', async ([, error, signal, expected]) => {
  const results: string[] = [];
  const metrics = {
    ...noMetrics,
    platformCalled: (platform: string, method: string, result: string) => {
      expect([platform, method]).toEqual(['slack', 'chat.update']);
      results.push(result);
    },
  };
  const call = measured({ metrics, platform: 'slack', method: 'chat.update', signal }, () =>
    error === undefined ? Promise.resolve('answer') : Promise.reject(error),
  );
  // Whoever called hears what they would have heard without.
  if (error === undefined) expect(await call).toBe('answer');
  else await expect(call).rejects.toBe(error);
  expect(results).toEqual(expected);
});

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
