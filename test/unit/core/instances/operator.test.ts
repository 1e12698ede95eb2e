import { expect, it } from 'vitest';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import { Operator } from '../../../../src/core/instances/operator.ts';
import type {
  OpenConversation,
  Store,
  StoredConversation,
} from '../../../../src/core/ports/store.ts';

const book = { read: () => Promise.resolve([]), record: () => Promise.resolve() };
const secrets = {
  keep: (_name: string, made: string) => Promise.resolve(made),
  find: () => Promise.resolve(undefined),
};
const others = { book, secrets };

it('shows first what was asked first, though it was heard of later', async () => {
  const asked = new Map([
    [conversationId('fake', 'heard-first'), 2_000],
    [conversationId('fake', 'asked-first'), 1_000],
  ]);
  const store = {
    openConversations: () =>
      Promise.resolve(
        Array.from(asked.keys(), (conversation, at): OpenConversation => {
          return { conversation, owned: false, since: 5_000 + at };
        }),
      ),
    conversationView: (conversation: OpenConversation['conversation']) =>
      Promise.resolve({
        queued: [{ sentAt: asked.get(conversation) }],
      } as unknown as StoredConversation),
    pausedSince: () => Promise.resolve(undefined),
  } as unknown as Store;
  const { turns } = await new Operator({ ...others, store }).turns();
  expect(turns.map(({ conversation }) => conversation)).toEqual([
    'fake:asked-first',
    'fake:heard-first',
  ]);
});

it('shows one turn in hand, with its progress where its reply is written here', async () => {
  const conversation = conversationId('fake', 'one');
  const running = {
    id: '1a2b3c4d5e',
    messages: [{ sentAt: 1_000 }],
    startedAt: 2_000,
    attempt: 1,
    pages: [{ index: 0, id: 'm1' }, { index: 1 }],
  };
  const store = {
    openConversations: () => Promise.resolve([{ conversation, owned: true, since: 1_000 }]),
    conversationView: () =>
      Promise.resolve({ running, queued: [] } as unknown as StoredConversation),
  } as unknown as Store;
  const progress = { posts: 2, edits: 3, unseenMs: 0, longestUnseenMs: 9, waits: [] };
  const here = new Operator({ ...others, store, progressOf: () => progress });
  const turn = { conversation, turn: '1a2b3c4d5e', state: 'running', posts: 1, progress };
  expect(await here.show('1a2b')).toMatchObject({ result: 'found', turn });
  expect(await here.show('fake:one')).toMatchObject({ result: 'found', turn });
  expect(await here.show('ffff')).toEqual({ result: 'unknown' });
  const elsewhere = await new Operator({ ...others, store }).show('1a2b');
  expect(elsewhere).toMatchObject({ result: 'found', turn: { posts: 1 } });
  expect(elsewhere).not.toHaveProperty('turn.progress');
});
