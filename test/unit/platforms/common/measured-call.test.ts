import { expect, it } from 'vitest';
import { measured } from '../../../../src/platforms/common/measured-call.ts';
import { CallFailed, RateLimited, Rejected } from '../../../../src/core/domain/errors.ts';
import { noMetrics } from '../../../../src/core/ports/metrics.ts';

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
