import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { wait } from '../../../../../src/core/timing.ts';
import { CallFailed } from '../../../../../src/core/domain/errors.ts';
import {
  LocationResolver,
  type LocationResolverOptions,
} from '../../../../../src/platforms/discord/reply/location-resolver.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const thread = { channel: 'thread' };

function resolver(find: LocationResolverOptions['find']): LocationResolver {
  return new LocationResolver({
    earlier: undefined,
    likelyChannel: 'channel',
    askedChannel: 'channel',
    find,
    onFallback: () => undefined,
  });
}

it('fails as a call does while Discord makes no thread in time, and is found later', async () => {
  let hangs = true;
  const found = resolver(async (_patienceMs, signal) => {
    if (hangs) await wait(60_000, signal);
    return thread;
  });
  const failed = found.find().catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await failed).toBeInstanceOf(CallFailed);
  hangs = false;
  expect(await found.find()).toBe(thread);
});

it('is looked for once for all who ask', async () => {
  const find = vi.fn<LocationResolverOptions['find']>(() => Promise.resolve(thread));
  const found = resolver(find);
  expect(await Promise.all([found.find(), found.typingChannel()])).toEqual([thread, 'thread']);
  expect(await found.find()).toBe(thread);
  expect(find).toHaveBeenCalledTimes(1);
});
