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
let live: LiveConversations;

beforeEach(() => {
  vi.useFakeTimers();
  known = new KnownView();
  live = new LiveConversations(known.store, recordingLog());
});

afterEach(() => {
  vi.useRealTimers();
});

interface Sent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

async function next(client: SseClient): Promise<Sent[]> {
  const text = (await client.nextEvents()) ?? '';
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

/** Reads until nothing is left to be sent. */
async function drained(client: SseClient): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (;;) {
    const more = next(client);
    await vi.advanceTimersByTimeAsync(0);
    const news = await Promise.race([more, Promise.resolve([])]);
    if (news.length === 0) return sent;
    sent.push(...news);
  }
}

it('sends the newest text alone to whoever reads slowly', async () => {
  const client = await live.connect(here);
  const conversation = live.ensure(here);
  const surface = webSurface(conversation, conversation.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'A' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(client);
  for (const text of ['Al', 'All', 'All of', 'All of it']) await surface.edit('k', text, never);
  expect(await next(client)).toEqual([
    { event: 'page', data: { turn: 't1', key: 'k', keep: 1, text: 'll of it' } },
  ]);
});

it('sends only what a change of the text leaves different', async () => {
  const client = await live.connect(here);
  const conversation = live.ensure(here);
  const surface = webSurface(conversation, conversation.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Some **bo**' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(client);
  await surface.edit('k', 'Some **bold**', never);
  expect(await next(client)).toEqual([
    { event: 'page', data: { turn: 't1', key: 'k', keep: 9, text: 'ld**' } },
  ]);
});

it('sends each entry of the history once', async () => {
  known.view = over;
  const client = await live.connect(here);
  const [first] = await next(client);
  expect(first?.data).toMatchObject({ ids: ['m1', 't1'], entries: [{ id: 'm1' }, { id: 't1' }] });
  live.find(here)?.storeChanged();
  await vi.advanceTimersByTimeAsync(0);
  const [second] = await next(client);
  expect(second?.data).toMatchObject({ ids: ['m1', 't1'], entries: [] });
});

it('gives a sign of life every 15 seconds, so that a dead connection is noticed', async () => {
  const client = await live.connect(here);
  await next(client);
  const more = next(client);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await more).toEqual([{ event: 'beat', data: {} }]);
});

it('never shows less than was shown while a turn ends', async () => {
  const client = await live.connect(here);
  const conversation = live.ensure(here);
  const surface = webSurface(conversation, conversation.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  await vi.advanceTimersByTimeAsync(0);
  await next(client);
  // A view that was asked for before the end arrives after it.
  const early = Promise.withResolvers<StoredConversation>();
  known.answer = () => early.promise;
  conversation.storeChanged();
  known.answer = () => Promise.resolve(over);
  conversation.endTurn('t1');
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
  const states = (await drained(client)).filter(({ event }) => event === 'state');
  const shown = states.map(({ data }) => JSON.stringify(data));
  expect(shown.length).toBeGreaterThan(0);
  for (const state of shown) expect(state).toContain('Well.');
  expect(states.at(-1)?.data).toMatchObject({ ids: ['m1', 't1'] });
  expect(states.at(-1)?.data).not.toHaveProperty('running');
});

it('sends no words of a turn that the store says is over, though it was not told so', async () => {
  const conversation = live.ensure(here);
  const surface = webSurface(conversation, conversation.beginTurn('t1', [question]));
  await surface.post({ key: 'k', index: 0, text: 'Well.' }, never);
  known.view = over;
  const client = await live.connect(here);
  await next(client);
  await surface.edit('k', 'Well. Late.', never);
  expect(await drained(client)).toEqual([]);
});

it('does not go back to an older view that the store gives later', async () => {
  const client = await live.connect(here);
  await next(client);
  const slow = Promise.withResolvers<StoredConversation>();
  known.answer = () => slow.promise;
  live.find(here)?.storeChanged();
  known.answer = () => Promise.resolve(over);
  await live.connect(here);
  slow.resolve(empty);
  await vi.advanceTimersByTimeAsync(0);
  expect((await drained(client)).at(-1)?.data).toMatchObject({ ids: ['m1', 't1'] });
});

it('follows a turn that another process works on, by asking the store', async () => {
  known.view = { ...empty, queued: [question] };
  const client = await live.connect(here);
  await next(client);
  known.view = over;
  const more = next(client);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await more).toMatchObject([{ event: 'state', data: { ids: ['m1', 't1'], queued: [] } }]);
  const asked = known.asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(known.asked, 'nothing left to follow').toBe(asked);
});

it('shows what the store had to say once it can be read again', async () => {
  const client = await live.connect(here);
  await next(client);
  known.answer = () => Promise.reject(new Error('away'));
  live.find(here)?.storeChanged();
  const more = next(client);
  await vi.advanceTimersByTimeAsync(100);
  known.view = over;
  known.answer = () => Promise.resolve(known.view);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await more).toMatchObject([{ event: 'state', data: { ids: ['m1', 't1'] } }]);
});

it('keeps nothing in memory once nobody looks and nothing runs', async () => {
  const client = await live.connect(here);
  const conversation = live.ensure(here);
  conversation.beginTurn('t1', [question]);
  client.close();
  expect(live.find(here), 'the turn runs').toBeDefined();
  conversation.endTurn('t1');
  live.removeIfUnused(here);
  expect(live.find(here)).toBeUndefined();
});

it('keeps nothing for a page that could not be opened', async () => {
  known.answer = () => Promise.reject(new Error('away'));
  await expect(live.connect(here)).rejects.toThrow('away');
  expect(live.find(here)).toBeUndefined();
});

it('ends for good when it is closed', async () => {
  const client = await live.connect(here);
  await client.nextEvents();
  const more = client.nextEvents();
  live.close();
  expect(await more).toBeUndefined();
  await expect(live.connect(here)).rejects.toThrow('Too many pages');
});
