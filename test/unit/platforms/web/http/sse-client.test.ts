import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import type { Message } from '../../../../../src/core/domain/message.ts';
import type { Store, View } from '../../../../../src/core/ports/store.ts';
import { Rooms } from '../../../../../src/platforms/web/conversations/live-conversations.ts';
import { webSurface } from '../../../../../src/platforms/web/surface.ts';
import type { Viewer } from '../../../../../src/platforms/web/http/sse-client.ts';
import { readableLog } from '../../../../fakes/recording-log.ts';

const here = conversationId('web', 's', 'c');
const question: Message = {
  id: 'm1',
  conversation: here,
  author: { id: 's' },
  text: 'Well?',
  sentAt: 1,
  kind: 'question',
};
const never = new AbortController().signal;
const empty: View = { history: [], queued: [] };
const over: View = {
  history: [
    { id: 'm1', role: 'user', turn: 't1', text: 'Well?', at: 1, tokens: 1 },
    { id: 't1', role: 'assistant', turn: 't1', text: 'Well.', at: 1, tokens: 1, outcome: 'done' },
  ],
  queued: [],
};

/** What the store answers, and how often it was asked. */
class KnownView {
  view = empty;
  asked = 0;
  answer: () => Promise<View> = () => Promise.resolve(this.view);

  get store(): Store {
    return {
      view: () => {
        this.asked += 1;
        return this.answer();
      },
    } as unknown as Store;
  }
}

let known: KnownView;
let rooms: Rooms;

beforeEach(() => {
  vi.useFakeTimers();
  known = new KnownView();
  rooms = new Rooms(known.store, readableLog());
});

afterEach(() => {
  vi.useRealTimers();
});

interface Sent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

async function next(viewer: Viewer): Promise<Sent[]> {
  const text = (await viewer.next()) ?? '';
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

/** Reads until nothing is left to be sent. */
async function drained(viewer: Viewer): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (;;) {
    const more = next(viewer);
    await vi.advanceTimersByTimeAsync(0);
    const news = await Promise.race([more, Promise.resolve([])]);
    if (news.length === 0) return sent;
    sent.push(...news);
  }
}

it('sends the newest text alone to whoever reads slowly', async () => {
  const viewer = await rooms.open(here);
  const room = rooms.enter(here);
  const surface = webSurface(room, room.begin('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'A' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(viewer);
  for (const text of ['Al', 'All', 'All of', 'All of it']) await surface.edit('k', text, never);
  expect(await next(viewer)).toEqual([
    { event: 'page', data: { turn: 't1', key: 'k', keep: 1, text: 'll of it' } },
  ]);
});

it('sends only what a change of the text leaves different', async () => {
  const viewer = await rooms.open(here);
  const room = rooms.enter(here);
  const surface = webSurface(room, room.begin('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Some **bo**' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(viewer);
  await surface.edit('k', 'Some **bold**', never);
  expect(await next(viewer)).toEqual([
    { event: 'page', data: { turn: 't1', key: 'k', keep: 9, text: 'ld**' } },
  ]);
});

it('sends each entry of the history once', async () => {
  known.view = over;
  const viewer = await rooms.open(here);
  const [first] = await next(viewer);
  expect(first?.data).toMatchObject({ ids: ['m1', 't1'], entries: [{ id: 'm1' }, { id: 't1' }] });
  rooms.find(here)?.changed();
  await vi.advanceTimersByTimeAsync(0);
  const [second] = await next(viewer);
  expect(second?.data).toMatchObject({ ids: ['m1', 't1'], entries: [] });
});

it('gives a sign of life every 15 seconds, so that a dead connection is noticed', async () => {
  const viewer = await rooms.open(here);
  await next(viewer);
  const more = next(viewer);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await more).toEqual([{ event: 'beat', data: {} }]);
});

it('never shows less than was shown while a turn ends', async () => {
  const viewer = await rooms.open(here);
  const room = rooms.enter(here);
  const surface = webSurface(room, room.begin('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(viewer);
  // A view that was asked for before the end arrives after it.
  const early = Promise.withResolvers<View>();
  known.answer = () => early.promise;
  room.changed();
  known.answer = () => Promise.resolve(over);
  room.end('t1');
  early.resolve({
    history: [],
    queued: [],
    running: {
      id: 't1',
      conversation: here,
      messages: [question],
      attempt: 1,
      startedAt: 1,
      pages: [{ index: 0, key: 'k', id: 'k', source: 'We' }],
      stopRequested: false,
    },
  });
  await vi.advanceTimersByTimeAsync(0);
  const states = (await drained(viewer)).filter(({ event }) => event === 'state');
  const shown = states.map(({ data }) => JSON.stringify(data));
  expect(shown.length).toBeGreaterThan(0);
  for (const state of shown) expect(state).toContain('Well.');
  expect(states.at(-1)?.data).toMatchObject({ ids: ['m1', 't1'] });
  expect(states.at(-1)?.data).not.toHaveProperty('running');
});

it('sends no words of a turn that the store says is over, though it was not told so', async () => {
  const room = rooms.enter(here);
  const surface = webSurface(room, room.begin('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  known.view = over;
  const viewer = await rooms.open(here);
  await next(viewer);
  await surface.edit('k', 'Well. Late.', never);
  expect(await drained(viewer)).toEqual([]);
});

it('does not go back to an older view that the store gives later', async () => {
  const viewer = await rooms.open(here);
  await next(viewer);
  const slow = Promise.withResolvers<View>();
  known.answer = () => slow.promise;
  rooms.find(here)?.changed();
  known.answer = () => Promise.resolve(over);
  await rooms.open(here);
  slow.resolve(empty);
  await vi.advanceTimersByTimeAsync(0);
  expect((await drained(viewer)).at(-1)?.data).toMatchObject({ ids: ['m1', 't1'] });
});

it('follows a turn that another process works on, by asking the store', async () => {
  known.view = { ...empty, queued: [question] };
  const viewer = await rooms.open(here);
  await next(viewer);
  known.view = over;
  const more = next(viewer);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await more).toMatchObject([{ event: 'state', data: { ids: ['m1', 't1'], queued: [] } }]);
  const asked = known.asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(known.asked, 'nothing left to follow').toBe(asked);
});

it('shows what the store had to say once it can be read again', async () => {
  const viewer = await rooms.open(here);
  await next(viewer);
  known.answer = () => Promise.reject(new Error('away'));
  rooms.find(here)?.changed();
  const more = next(viewer);
  await vi.advanceTimersByTimeAsync(100);
  known.view = over;
  known.answer = () => Promise.resolve(known.view);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await more).toMatchObject([{ event: 'state', data: { ids: ['m1', 't1'] } }]);
});

it('keeps nothing in memory once nobody looks and nothing runs', async () => {
  const viewer = await rooms.open(here);
  const room = rooms.enter(here);
  room.begin('t1', [question]);
  viewer.close();
  expect(rooms.find(here), 'the turn runs').toBeDefined();
  room.end('t1');
  rooms.tidy(here);
  expect(rooms.find(here)).toBeUndefined();
});

it('keeps no room for a page that could not be opened', async () => {
  known.answer = () => Promise.reject(new Error('away'));
  await expect(rooms.open(here)).rejects.toThrow('away');
  expect(rooms.find(here)).toBeUndefined();
});

it('ends for good when it is closed', async () => {
  const viewer = await rooms.open(here);
  await viewer.next();
  const more = viewer.next();
  rooms.close();
  expect(await more).toBeUndefined();
  await expect(rooms.open(here)).rejects.toThrow('Too many pages');
});
