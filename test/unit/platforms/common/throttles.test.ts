import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestThrottle } from '../../../../src/platforms/common/throttles.ts';

const { signal } = new AbortController();
let passed: number;

function queue(gate: RequestThrottle, calls: number): void {
  for (let call = 0; call < calls; call += 1) {
    void gate.acquire(signal).then(() => {
      passed += 1;
    });
  }
}

beforeEach(() => {
  passed = 0;
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

describe('a gate', () => {
  it('lets a burst through, then one after the other', async () => {
    queue(new RequestThrottle({ key: 'x', burst: 3, perSecond: 2 }), 10);
    await vi.advanceTimersByTimeAsync(0);
    expect(passed).toBe(3);
    await vi.advanceTimersByTimeAsync(1_010);
    expect(passed).toBe(5);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(passed).toBe(10);
  });

  it('keeps the pause that the platform asks for', async () => {
    const gate = new RequestThrottle({ key: 'x', burst: 10, perSecond: 10 });
    gate.blockFor(5_000);
    queue(gate, 1);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(passed).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(passed).toBe(1);
  });

  it('holds up nobody for a call that is given up', async () => {
    const gate = new RequestThrottle({ key: 'x', burst: 1, perSecond: 0.01 });
    await gate.acquire(signal);
    const giveUp = new AbortController();
    const given = gate.acquire(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    queue(gate, 1);
    await vi.advanceTimersByTimeAsync(100_100);
    expect(passed).toBe(1);
  });
});
