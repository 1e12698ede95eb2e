import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scopedLog } from '../../../../../src/core/ports/log.ts';
import type { Budget } from '../../../../../src/core/ports/surface.ts';
import type { LiveReplyOptions } from '../../../../../src/core/reply/live-reply.ts';
import { Pacer } from '../../../../../src/core/reply/pacing/pacer.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';
import { FakeSurface } from '../../../../fakes/fake-surface.ts';
import { liveReplyOn } from '../live-reply-on.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const ids = { conversation: 'fake:1', turn: 'turn' };

/** A reply whose log carries the ids of its turn. */
function open(edits: Budget[], more: Partial<LiveReplyOptions> = {}) {
  const surface = new FakeSurface();
  surface.budgets = { post: [], edit: edits, remove: [] };
  const log = recordingLog();
  const pacer = more.pacer ?? new Pacer({ log });
  const { reply } = liveReplyOn(surface, { ...more, pacer, log: scopedLog(log, ids) });
  const waits = () =>
    log.events
      .filter(({ event }) => event === 'reply waited')
      .map(({ fields: { reason, budget, ms } }) => [reason, budget, ms]);
  return { surface, reply, log, waits };
}

describe('why a reply waited', () => {
  it('is told with each wait: what for, how long, and in which turn', async () => {
    const { surface, reply, log, waits } = open([]);
    surface.editFloorMs = 250;
    reply.push('One');
    await pass(100);
    reply.push(' two');
    await pass(1_000);
    expect(waits()).toEqual([
      ['own call', undefined, 10],
      ['spacing', undefined, 150],
      ['own call', undefined, 10],
    ]);
    for (const { level, fields } of log.events) {
      expect(level).toBe('debug');
      expect(fields).toMatchObject(ids);
    }
  });

  it('names the rate limit that is spent, also one that the platform told of', async () => {
    const { surface, reply, log, waits } = open([{ key: 'edits', burst: 5, perSecond: 0.5 }]);
    reply.push('One');
    await pass(100);
    surface.failNext('edit', { kind: 'rate-limited', retryAfterMs: 3_000 });
    reply.push(' two');
    await pass(10_000);
    const [reason, budget, ms] = waits().find((wait) => wait[1] !== undefined) ?? [];
    expect([reason, budget]).toEqual(['rate limit', 'edits']);
    expect(ms).toBeGreaterThanOrEqual(3_000);
    const limited = log.events.find(({ event }) => event === 'rate limited');
    expect(limited?.fields).toMatchObject({ ...ids, budgets: ['edits'], retryAfterMs: 3_000 });
  });

  it('tells the spacing of edits, and the end of a sentence, from a limit that is spent', async () => {
    const { reply, waits } = open([{ key: 'edits', burst: 1, perSecond: 0.3 }]);
    reply.push('The first sentence is short. The sec');
    await pass(1_000);
    reply.push('ond one is a little longer. The thi');
    await pass(2_000);
    reply.push('rd one, again');
    await pass(2_000);
    reply.push(', is longer. The fourth one');
    await pass(10_000);
    expect(waits().slice(2, 6)).toEqual([
      ['spacing', undefined, 2_490],
      ['rate limit', 'edits', expect.any(Number)],
      ['sentence end', undefined, 500],
      ['sentence end', undefined, 500],
    ]);
  });

  it('tells of a failed call, and of a lease that may end', async () => {
    let covers = true;
    const { surface, reply, waits } = open([], { leaseCoversCall: () => covers });
    reply.push('One');
    await pass(100);
    surface.failNext('edit', { kind: 'failed' });
    reply.push(' two');
    await pass(3_000);
    covers = false;
    reply.push(' three');
    await pass(1_000);
    covers = true;
    await pass(1_000);
    const reasons = waits().map(([reason]) => reason);
    expect(reasons).toEqual([
      'own call',
      'own call',
      'failed call',
      'own call',
      'lease',
      'own call',
    ]);
    expect(surface.pages).toEqual(['One two three']);
  });

  it('is summed up in the reply’s progress, with the present wait', async () => {
    const { surface, reply } = open([]);
    surface.editFloorMs = 2_000;
    reply.push('One');
    await pass(100);
    reply.push(' two');
    await pass(900);
    expect(reply.progress).toMatchObject({
      posts: 1,
      edits: 0,
      unseenMs: 900,
      longestUnseenMs: 900,
      waitsFor: { reason: 'spacing', ms: 900 },
    });
    await pass(2_000);
    expect(reply.progress).toMatchObject({
      posts: 1,
      edits: 1,
      unseenMs: 0,
      longestUnseenMs: 1_910,
      waits: [
        { reason: 'spacing', ms: 1_900 },
        { reason: 'own call', ms: 20 },
      ],
    });
    expect(reply.progress.waitsFor).toBeUndefined();
  });
});
