import { expect, it } from 'vitest';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import { Operator } from '../../../../src/core/instances/operator.ts';
import type {
  OpenConversation,
  Store,
  StoredConversation,
} from '../../../../src/core/ports/store.ts';

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
  const book = { read: () => Promise.resolve([]), record: () => Promise.resolve() };
  const secrets = {
    keep: (_name: string, made: string) => Promise.resolve(made),
    find: () => Promise.resolve(undefined),
  };
  const { turns } = await new Operator({ store, book, secrets }).turns();
  expect(turns.map(({ conversation }) => conversation)).toEqual([
    'fake:asked-first',
    'fake:heard-first',
  ]);
});
