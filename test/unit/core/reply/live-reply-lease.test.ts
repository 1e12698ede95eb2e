import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseWindow } from '../../../../src/core/instances/leases.ts';
import { LiveReply } from '../../../../src/core/reply/live-reply.ts';
import { Pacer } from '../../../../src/core/reply/pacing/pacer.ts';
import type { PageRecord } from '../../../../src/core/domain/turn.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';
import { FakeSurface } from '../../../fakes/fake-surface.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A reply whose lease lasts `leaseMs` from now on, on a platform whose calls may take 6 s. */
function open(options: { leaseMs: number; pages?: PageRecord[]; saveMs?: number }) {
  const { leaseMs, pages = [], saveMs = 0 } = options;
  const surface = new FakeSurface();
  surface.callTimeoutMs = 6_000;
  const log = recordingLog();
  const lost: unknown[] = [];
  const records = new Map(pages.map((page) => [page.index, page]));
  const tenure = new LeaseWindow(performance.now() + leaseMs);
  const reply = new LiveReply({
    surface,
    pacer: new Pacer({ log }),
    pageRecords: {
      save: async (page) => {
        await new Promise((resolve) => setTimeout(resolve, saveMs));
        records.set(page.index, page);
      },
      drop: (index) => {
        records.delete(index);
        return Promise.resolve();
      },
    },
    keyOf: (index) => `key.${index}`,
    pages,
    leaseCoversCall: () => tenure.covers(surface.callTimeoutMs),
    onGivenUp: (reason) => lost.push(reason),
    log,
  });
  const renew = (ms: number) => tenure.extendTo(performance.now() + ms);
  return { surface, reply, log, lost, records, renew };
}

/** A post that an earlier attempt announced, and perhaps made. */
const announced: PageRecord = { index: 0, key: 'key.0', source: '' };

describe('a reply whose lease may run out', () => {
  it('posts nothing after a slow search that took what the lease had left', async () => {
    const { surface, reply, log, lost, renew } = open({ leaseMs: 9_000, pages: [announced] });
    surface.latencyMs = 5_000;
    reply.push('Hello');
    await pass(20_000);
    expect(surface.calls).toEqual(['find']);
    expect(surface.pages).toEqual([]);
    expect(lost).toEqual([]);
    expect(log.events.filter(({ level }) => level !== 'debug')).toEqual([]);

    renew(30_000);
    reply.push(' again');
    await pass(11_000);
    expect(surface.pages).toEqual(['Hello again']);
  });

  it('posts nothing after its intent took long to be stored, and only once after that', async () => {
    const { surface, reply, log, lost, records, renew } = open({ leaseMs: 8_000, saveMs: 3_000 });
    reply.push('Hello');
    await pass(20_000);
    expect(records.get(0)).toEqual({ index: 0, key: 'key.0', source: 'Hello' });
    expect(surface.calls).toEqual([]);
    expect(lost).toEqual([]);
    expect(log.events.filter(({ level }) => level !== 'debug')).toEqual([]);

    renew(30_000);
    const ended = reply.end({ outcome: 'done', text: 'Hello' });
    await pass(10_000);
    await ended;
    // Nothing was sent before, so nothing is looked for.
    expect(surface.calls).toEqual(['post']);
    expect(surface.pages).toEqual(['Hello']);
  });

  it('removes nothing after a slow search, until the lease is renewed', async () => {
    const { surface, reply, log, renew } = open({ leaseMs: 9_000, pages: [announced] });
    const posted = surface.post(
      { text: 'Half', key: 'key.0', index: 0 },
      new AbortController().signal,
    );
    await pass(20);
    await posted;
    surface.latencyMs = 5_000;
    const ended = reply.end({ outcome: 'stopped', text: '' });
    await pass(20_000);
    expect(surface.pages).toEqual(['Half']);
    expect(log.events.filter(({ level }) => level !== 'debug')).toEqual([]);

    renew(30_000);
    await pass(12_000);
    await ended;
    expect(surface.pages).toEqual([]);
  });

  it('shows the final text once the lease is renewed, however late', async () => {
    const { surface, reply, renew } = open({ leaseMs: 7_000 });
    reply.push('one');
    await pass(2_000);
    expect(surface.pages).toEqual(['one']);
    const ended = reply.end({ outcome: 'done', text: 'one two' });
    await pass(60_000);
    expect(surface.pages).toEqual(['one']);
    renew(30_000);
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual(['one two']);
  });
});
