import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdentifyThrottler } from '../../../../../src/platforms/discord/gateway/gateway-client.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const { signal } = new AbortController();

describe('the line of shards that introduce themselves', () => {
  it('lets one through in a time, first come first served, and other lines meanwhile', async () => {
    const line = new IdentifyThrottler(2, 5_000);
    const passed: number[] = [];
    for (const shard of [0, 2, 4, 1]) {
      void line.waitForIdentify(shard, signal).then(() => passed.push(shard));
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(passed).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(passed).toEqual([0, 1, 2]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(passed).toEqual([0, 1, 2, 4]);
  });

  it('is left by those whose connection breaks, and takes no longer for them', async () => {
    const line = new IdentifyThrottler(1, 5_000);
    await line.waitForIdentify(0, signal);
    for (let broken = 0; broken < 20; broken += 1) {
      const connection = new AbortController();
      const waiting = line.waitForIdentify(0, connection.signal);
      const reason = waiting.catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(1);
      connection.abort(new Error('closed'));
      expect(await reason).toEqual(new Error('closed'));
    }
    const passed = vi.fn<() => void>();
    void line.waitForIdentify(0, signal).then(passed);
    await vi.advanceTimersByTimeAsync(4_979);
    expect(passed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(passed).toHaveBeenCalled();
  });
});
