import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GlobalLimit } from '../../../src/platforms/discord/global-limit.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** As the client library counts, with what is left of a window that has just begun. */
function counting(globalRemaining: number) {
  return {
    options: { globalRequestsPerSecond: 50 },
    globalRemaining,
    globalReset: Date.now() + 1_000,
  };
}

describe('the limit over all calls', () => {
  it('is told as the client library counts it, but for a little that is left for others', () => {
    const { told } = new GlobalLimit('all', counting(30));
    expect(told).toMatchObject({ limit: 48, left: 28 });
    expect(told!.resetsAt - told!.at).toBeGreaterThan(1_000);
    expect(new GlobalLimit('all', counting(1)).told).toMatchObject({ left: 0 });
  });

  it('is whole again, for a second, once the window is over', () => {
    const limit = new GlobalLimit('all', counting(0));
    vi.advanceTimersByTime(2_000);
    const { told } = limit;
    expect(told).toMatchObject({ limit: 48, left: 48 });
    expect(told!.resetsAt - told!.at).toBe(1_000);
  });

  it('leaves it to those who ask to count what is on its way, once', async () => {
    const limit = new GlobalLimit('all', counting(49));
    const answer = Promise.withResolvers<string>();
    const answered = limit.counted(() => answer.promise);
    expect(limit.told).toMatchObject({ left: 48 });
    answer.resolve('ok');
    expect(await answered).toBe('ok');
    expect(limit.told).toMatchObject({ left: 47 });
  });

  it('has what is on its way since the window before counted there', () => {
    const count = counting(10);
    const limit = new GlobalLimit('all', count);
    void limit.counted(() => new Promise(() => undefined));
    vi.advanceTimersByTime(1_500);
    count.globalReset = Date.now() + 1_000;
    expect(limit.told).toMatchObject({ left: 8 });
  });

  it('is not told where others make calls that nobody counts here', () => {
    const shared = new GlobalLimit('all', undefined);
    expect(shared.told).toBeUndefined();
    // Whenever Discord's second begins.
    expect(shared.burst + shared.perSecond).toBeLessThan(50);
  });

  it('is scarce while most of a window is spent', () => {
    const limit = new GlobalLimit('all', counting(20));
    expect(limit.isScarce).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(limit.isScarce).toBe(false);
    expect(new GlobalLimit('all', counting(30)).isScarce).toBe(false);
  });
});
