import { expect, it } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import type { Message } from '../../../../../src/core/domain/message.ts';
import type { StoredConversation } from '../../../../../src/core/ports/store.ts';
import type { PageRecord, Turn } from '../../../../../src/core/domain/turn.ts';
import {
  LiveTurn,
  conversationView,
} from '../../../../../src/platforms/web/conversations/conversation-view.ts';

const conversation = conversationId('web', 's', 'c');

function message(id: string): Message {
  return { id, conversation, author: { id: 's' }, text: id, sentAt: 1, kind: 'question' };
}

function turn(id: string, pages: PageRecord[] = []): Turn {
  return {
    id,
    conversation,
    messages: [message('m1')],
    attempt: 1,
    startedAt: 1,
    pages,
    stopRequested: false,
  };
}

function view(more: Partial<StoredConversation>): StoredConversation {
  return { history: [], queued: [], ...more };
}

const entries = [
  { id: 'm1', role: 'user', text: 'm1', at: 1, tokens: 1 },
  { id: 't1', role: 'assistant', text: 'Answer', at: 1, tokens: 1, outcome: 'done' },
] as const;

function texts(shown: ReturnType<typeof conversationView>): string[] | undefined {
  return shown.running?.pages.map(({ text }) => text);
}

it('shows the text that was written here, not the older one that is stored', () => {
  const live = new LiveTurn('t1', [message('m1')]);
  live.write('k0', { index: 0, text: 'New text' });
  const stored = turn('t1', [{ index: 0, key: 'k0', id: 'k0', source: 'New' }]);
  expect(texts(conversationView(view({ running: stored }), live))).toEqual(['New text']);
});

it('shows the pages of an earlier process until they are written anew', () => {
  const live = new LiveTurn('t1', [message('m1')]);
  const stored = turn('t1', [
    { index: 0, key: 'k0', id: 'k0', source: 'Old beginning. ' },
    { index: 1, key: 'k1', id: 'k1', source: 'Old end.' },
  ]);
  const running = view({ running: stored });
  expect(texts(conversationView(running, live))).toEqual(['Old beginning. ', 'Old end.']);
  live.write('k0', { text: 'New beginning' });
  expect(texts(conversationView(running, live))).toEqual(['New beginning', 'Old end.']);
  live.remove('k1');
  expect(texts(conversationView(running, live))).toEqual(['New beginning']);
});

it('opens again on a stored page what the page before it left open', () => {
  const line = 'print("a line of code that is neither short nor long")\n';
  const source = `\`\`\`python\n${line.repeat(300)}`;
  const first = source.slice(0, 9_960);
  const pages = [first, source.slice(first.length)].map((slice, index) => ({
    index,
    key: `k${index}`,
    source: slice,
  }));
  const shown = texts(conversationView(view({ running: turn('t1', pages) }), undefined));
  expect(shown).toHaveLength(2);
  expect(shown?.[1]).toMatch(/^```python\n/);
});

it('shows a question once, however late the store says that its turn began', () => {
  const live = new LiveTurn('t1', [message('m1')]);
  const shown = conversationView(view({ queued: [message('m1'), message('m2')] }), live);
  expect(shown.running?.messages.map(({ id }) => id)).toEqual(['m1']);
  expect(shown.queued.map(({ id }) => id)).toEqual(['m2']);
});

it('shows a reply once, however late it is told that its turn is over', () => {
  const live = new LiveTurn('t1', [message('m1')]);
  const shown = conversationView(view({ history: entries }), live);
  expect(shown.running).toBeUndefined();
  expect(shown.entries.map(({ id }) => id)).toEqual(['m1', 't1']);
});

it('keeps showing a turn that is over until the store gives its end', () => {
  const live = new LiveTurn('t1', [message('m1')]);
  live.write('k0', { index: 0, text: 'All of it' });
  live.ended = true;
  expect(texts(conversationView(view({ running: turn('t1') }), live))).toEqual(['All of it']);
  expect(conversationView(view({ history: entries }), live).running).toBeUndefined();
});

it('says that a turn is being stopped, in whatever process it runs', () => {
  const stopping = { ...turn('t1'), stopRequested: true };
  expect(conversationView(view({ running: stopping }), undefined).running?.stopping).toBe(true);
  const live = new LiveTurn('t1', [message('m1')]);
  expect(conversationView(view({ running: stopping }), live).running?.stopping).toBe(true);
});
