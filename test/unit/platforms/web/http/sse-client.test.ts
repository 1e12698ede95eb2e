import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import type { Message } from '../../../../../src/core/domain/message.ts';
import type { Store, StoredConversation } from '../../../../../src/core/ports/store.ts';
import { LiveConversations } from '../../../../../src/platforms/web/conversations/live-conversations.ts';
import { webSurface } from '../../../../../src/platforms/web/surface.ts';
import type { SseClient } from '../../../../../src/platforms/web/http/sse-client.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

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
const empty: StoredConversation = { history: [], queued: [] };
const over: StoredConversation = {
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
  answer: () => Promise<StoredConversation> = () => Promise.resolve(this.view);

  get store(): Store {
    return {
      conversationView: () => {
        this.asked += 1;
        return this.answer();
      },
    } as unknown as Store;
  }
}

let known: KnownView;
let rooms: LiveConversations;

beforeEach(() => {
  vi.useFakeTimers();
  known = new KnownView();
  rooms = new LiveConversations(known.store, recordingLog());
});

afterEach(() => {
  vi.useRealTimers();
});

interface Sent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

async function next(viewer: SseClient): Promise<Sent[]> {
  const text = (await viewer.nextEvents()) ?? '';
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

/** Reads until nothing is left to be sent. */
async function drained(viewer: SseClient): Promise<Sent[]> {
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
  const viewer = await rooms.connect(here);
  const room = rooms.ensure(here);
  const surface = webSurface(room, room.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'A' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(viewer);
  for (const text of ['Al', 'All', 'All of', 'All of it']) await surface.edit('k', text, never);
  expect(await next(viewer)).toEqual([
    { event: 'page', data: { turn: 't1', key: 'k', keep: 1, text: 'll of it' } },
  ]);
});

it('sends only what a change of the text leaves different', async () => {
  const viewer = await rooms.connect(here);
  const room = rooms.ensure(here);
  const surface = webSurface(room, room.beginTurn('t1', [question]));
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
  const viewer = await rooms.connect(here);
  const [first] = await next(viewer);
  expect(first?.data).toMatchObject({ ids: ['m1', 't1'], entries: [{ id: 'm1' }, { id: 't1' }] });
  rooms.find(here)?.storeChanged();
  await vi.advanceTimersByTimeAsync(0);
  const [second] = await next(viewer);
  expect(second?.data).toMatchObject({ ids: ['m1', 't1'], entries: [] });
});

it('gives a sign of life every 15 seconds, so that a dead connection is noticed', async () => {
  const viewer = await rooms.connect(here);
  await next(viewer);
  const more = next(viewer);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await more).toEqual([{ event: 'beat', data: {} }]);
});

it('never shows less than was shown while a turn ends', async () => {
  const viewer = await rooms.connect(here);
  const room = rooms.ensure(here);
  const surface = webSurface(room, room.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(viewer);
  // A view that was asked for before the end arrives after it.
  const early = Promise.withResolvers<StoredConversation>();
  known.answer = () => early.promise;
  room.storeChanged();
  known.answer = () => Promise.resolve(over);
  room.endTurn('t1');
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
  const room = rooms.ensure(here);
  const surface = webSurface(room, room.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  known.view = over;
  const viewer = await rooms.connect(here);
  await next(viewer);
  await surface.edit('k', 'Well. Late.', never);
  expect(await drained(viewer)).toEqual([]);
});

it('does not go back to an older view that the store gives later', async () => {
  const viewer = await rooms.connect(here);
  await next(viewer);
  const slow = Promise.withResolvers<StoredConversation>();
  known.answer = () => slow.promise;
  rooms.find(here)?.storeChanged();
  known.answer = () => Promise.resolve(over);
  await rooms.connect(here);
  slow.resolve(empty);
  await vi.advanceTimersByTimeAsync(0);
  expect((await drained(viewer)).at(-1)?.data).toMatchObject({ ids: ['m1', 't1'] });
});

it('follows a turn that another process works on, by asking the store', async () => {
  known.view = { ...empty, queued: [question] };
  const viewer = await rooms.connect(here);
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
  const viewer = await rooms.connect(here);
  await next(viewer);
  known.answer = () => Promise.reject(new Error('away'));
  rooms.find(here)?.storeChanged();
  const more = next(viewer);
  await vi.advanceTimersByTimeAsync(100);
  known.view = over;
  known.answer = () => Promise.resolve(known.view);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await more).toMatchObject([{ event: 'state', data: { ids: ['m1', 't1'] } }]);
});

it('keeps nothing in memory once nobody looks and nothing runs', async () => {
  const viewer = await rooms.connect(here);
  const room = rooms.ensure(here);
  room.beginTurn('t1', [question]);
  viewer.close();
  expect(rooms.find(here), 'the turn runs').toBeDefined();
  room.endTurn('t1');
  rooms.removeIfUnused(here);
  expect(rooms.find(here)).toBeUndefined();
});

it('keeps no room for a page that could not be opened', async () => {
  known.answer = () => Promise.reject(new Error('away'));
  await expect(rooms.connect(here)).rejects.toThrow('away');
  expect(rooms.find(here)).toBeUndefined();
});

it('ends for good when it is closed', async () => {
  const viewer = await rooms.connect(here);
  await viewer.nextEvents();
  const more = viewer.nextEvents();
  rooms.close();
  expect(await more).toBeUndefined();
  await expect(rooms.connect(here)).rejects.toThrow('Too many pages');
});
