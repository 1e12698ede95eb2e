import { describe, expect, it } from 'vitest';
import { RateLimited } from '../../../../../src/core/domain/errors.ts';
import { BudgetQueues } from '../../../../../src/core/reply/pacing/budget-queues.ts';

const minute = 60_000;
const edits = { key: 'edits', burst: 40, perSecond: 0.8 };

/** As many other budgets as are remembered, and one more. */
function useMany(lines: BudgetQueues<object>, now: number): void {
  for (let i = 0; i < 1_001; i += 1) lines.get({ ...edits, key: `other ${i}` }, now);
}

describe('the lines of more budgets than are remembered', () => {
  it('forget one that nobody needs', () => {
    const lines = new BudgetQueues<object>({ sharing: undefined, serve() {} });
    const line = lines.get(edits, 0);
    useMany(lines, minute);
    expect(lines.get(edits, minute)).not.toBe(line);
  });

  it('forget nothing that refusals taught until it is believed no more', () => {
    const lines = new BudgetQueues<object>({ sharing: undefined, serve() {} });
    const line = lines.get(edits, 0);
    for (let call = 0; call < 9; call += 1) line.callStarted(0, false);
    line.rateLimited(100, new RateLimited(5_000), 0);
    for (let call = 0; call < 9; call += 1) line.callEnded(true, 0);
    expect(line.limiter.burst(100)).toBe(10);
    useMany(lines, 2 * minute);
    expect(lines.get(edits, 2 * minute).limiter.burst(2 * minute)).toBeLessThan(12);
    useMany(lines, 20 * minute);
    expect(lines.get(edits, 20 * minute)).not.toBe(line);
  });
});
