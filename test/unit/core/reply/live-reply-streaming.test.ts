import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Budget, PageGrowth, PostRequest } from '../../../../src/core/ports/surface.ts';
import { Pacer } from '../../../../src/core/reply/pacing/pacer.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';
import { FakeSurface } from '../../../fakes/fake-surface.ts';
import { liveReplyOn } from './live-reply-on.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const budget = (key: string, burst = 100): Budget[] => [{ key, burst, perSecond: 0.01 }];

/** Takes pages bit by bit: each has to be told that it is final, and may show less for a while. */
class BitByBit extends FakeSurface {
  readonly open = new Set<string>();
  readonly behind = new Set<string>();
  /** The next edit shows less than it was sent. */
  heldBack = false;
  readonly written: (string | undefined)[] = [];
  readonly finals: string[] = [];
  readonly prepared: boolean[] = [];
  finalBudgets: Budget[] = budget('finish');
  readonly streaming = this;
  override budgets = { post: budget('post'), edit: budget('edit'), remove: budget('remove') };

  prepare(final: boolean): void {
    this.prepared.push(final);
  }

  due(id: string): 'more' | 'end' | undefined {
    if (this.behind.has(id)) return 'more';
    return this.open.has(id) ? 'end' : undefined;
  }

  override async post(posting: PostRequest, signal: AbortSignal): Promise<string> {
    const id = await super.post(posting, signal);
    this.written.push(posting.written?.());
    if (posting.final !== true) this.open.add(id);
    return id;
  }

  override async edit(
    id: string,
    text: string,
    signal: AbortSignal,
    growth?: PageGrowth,
  ): Promise<void> {
    await super.edit(id, text, signal);
    this.written.push(growth?.written?.());
    if (this.heldBack) this.behind.add(id);
    else this.behind.delete(id);
    this.heldBack = false;
    if (growth?.final !== true) return;
    this.finals.push(text);
    this.open.delete(id);
  }
}

describe('a live reply on a platform that takes its pages bit by bit', () => {
  it('says how the page was written, before what is half written was completed', async () => {
    const surface = new BitByBit();
    const { reply } = liveReplyOn(surface);
    reply.push('One **two');
    await pass(20);
    reply.push(' three');
    await pass(20);
    expect(surface.pages).toEqual(['One **two three**']);
    expect(surface.written).toEqual(['One **two', 'One **two three']);
  });

  it('tells a page that it is final though it reads so already', async () => {
    const surface = new BitByBit();
    const { reply } = liveReplyOn(surface);
    reply.push('All of it.');
    await pass(20);
    const ended = reply.end({ outcome: 'done', text: 'All of it.' });
    await pass(20);
    await ended;
    expect(surface.finals).toEqual(['All of it.']);
    expect([...surface.open]).toEqual([]);
  });

  it('goes on until the page shows all of its text', async () => {
    const surface = new BitByBit();
    const { reply } = liveReplyOn(surface);
    reply.push('One');
    await pass(5);
    surface.behind.add('m1');
    await pass(50);
    expect(surface.calls).toEqual(['post', 'edit']);
    // The next edit shows less than it was sent.
    surface.heldBack = true;
    reply.push(' two');
    await pass(1_000);
    expect(surface.calls).toEqual(['post', 'edit', 'edit', 'edit']);
  });

  it('spends what ends a page only on a text that was known to be its last', async () => {
    const surface = new BitByBit();
    surface.pageLimit = 40;
    // There is none for what ends a page: what only grows goes on all the same.
    surface.finalBudgets = [{ key: 'finish', burst: 1, perSecond: 0.1 }];
    const { reply } = liveReplyOn(surface);
    reply.push('The first sentence. ');
    await pass(20);
    reply.push('And another one that does not fit on it. And a third.');
    await pass(15);
    // The page was cut during the call; that it is final comes with the next one.
    expect(surface.finals).toEqual([]);
    await pass(100);
    expect(surface.finals).toHaveLength(1);
    const text = 'The first sentence. And another one that does not fit on it. And a third.';
    const ended = reply.end({ outcome: 'done', text });
    await pass(1_000);
    expect(surface.open.size).toBe(1);
    await pass(20_000);
    await ended;
    expect(surface.open.size).toBe(0);
  });

  it('says whether the text is known to be whole before it is posted', async () => {
    const surface = new BitByBit();
    const { reply } = liveReplyOn(surface);
    reply.push('All of it.');
    const ended = reply.end({ outcome: 'done', text: 'All of it.' });
    await pass(50);
    await ended;
    expect(surface.prepared.at(-1)).toBe(true);
    expect(surface.calls).toEqual(['post']);
  });
});

it('counts a reply with those whose budget it spends now', async () => {
  let own = budget('edit');
  const finals = {
    get own() {
      return own;
    },
    alternative: [],
  };
  const lane = { callRequest: () => undefined, perform: () => Promise.resolve(false) };
  const place = new Pacer({ log: recordingLog() }).register(lane, finals);
  place.changed();
  await pass(1);
  expect(place.updateIntervalMs()).toBeLessThan(100);
  own = [{ key: 'append', burst: 1, perSecond: 0.1 }];
  place.changed();
  await pass(1);
  expect(place.updateIntervalMs()).toBeGreaterThan(2_000);
});
