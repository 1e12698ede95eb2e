import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeSurface } from '../../../../fakes/fake-surface.ts';
import { liveReplyOn } from '../live-reply-on.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
afterEach(() => vi.restoreAllMocks());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function open() {
  const surface = new FakeSurface();
  const ages: number[] = [];
  const { reply } = liveReplyOn(surface, {
    onText: (unseenMs) => ages.push(Math.round(unseenMs)),
  });
  return { surface, reply, ages };
}

it('tells how old the oldest text is that each call shows, and how old what waits is', async () => {
  const { surface, reply, ages } = open();
  expect(reply.unseenMs).toBe(0);
  surface.latencyMs = 100;
  reply.push('a');
  await pass(100);
  expect(ages).toEqual([100]);
  expect(reply.unseenMs).toBe(0);

  // While a call is under way nobody sees what it brings, nor what came meanwhile.
  surface.latencyMs = 1_000;
  reply.push('b');
  await pass(400);
  reply.push('c');
  await pass(500);
  expect(Math.round(reply.unseenMs)).toBe(900);
  await pass(100);
  expect(ages).toEqual([100, 1_000]);
  expect(Math.round(reply.unseenMs)).toBe(600);
  await pass(1_000);
  expect(ages).toEqual([100, 1_000, 1_600]);
  expect(reply.unseenMs).toBe(0);
});

it('counts on over calls that fail, and not after the end', async () => {
  // How long the next try waits is a matter of chance: half as long would do for it to succeed.
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const { surface, reply, ages } = open();
  surface.failNext('post', { kind: 'failed' });
  reply.push('a');
  await pass(300);
  const waited = reply.unseenMs;
  expect(waited).toBeGreaterThanOrEqual(290);
  await pass(5_000);
  // It is found to be missing, posted again, and confirmed.
  expect(ages).toHaveLength(2);
  expect(ages[0]).toBeGreaterThan(waited);
  expect(reply.unseenMs).toBe(0);
  reply.push('b');
  reply.abandon(new Error('left'));
  expect(reply.unseenMs).toBe(0);
});

it('does not count a placeholder as text', async () => {
  const { surface, reply, ages } = open();
  reply.showPlaceholder('Thinking…');
  expect(reply.unseenMs).toBe(0);
  await pass(50);
  expect(surface.pages).toEqual(['Thinking…']);
  expect(ages).toEqual([]);
});
