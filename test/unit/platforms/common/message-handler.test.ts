import { expect, it } from 'vitest';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import type { Message } from '../../../../src/core/domain/message.ts';
import { PoisonMessageGuard } from '../../../../src/core/intake/poison-messages.ts';
import { RefusalNotices } from '../../../../src/core/intake/access.ts';
import type { Intake } from '../../../../src/core/ports/platform.ts';
import type { Store } from '../../../../src/core/ports/store.ts';
import {
  type MessageAdapter,
  MessageHandler,
} from '../../../../src/platforms/common/message-handler.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

// What people see is held by test/contract/platform, which Slack and Discord run.

const hourMs = 60 * 60_000;
const conversation = conversationId('slack', 'T1', 'C1', '1');

interface Edited {
  readonly ageMs: number;
  readonly isFromBot?: boolean;
}

/** An adapter of a channel in which every message mentions the bot. */
const adapter: MessageAdapter<Edited> = {
  factsOf: ({ ageMs, isFromBot = false }) => ({
    id: '1',
    globalId: '1',
    author: 'ann',
    mayAsk: true,
    isFromBot,
    sentAt: Date.now() - ageMs,
    length: 5,
    location: {},
  }),
  route: () =>
    Promise.resolve({
      conversation,
      opens: true,
      traits: {
        isDirect: false,
        mentionsBot: true,
        mentionsOthers: false,
        inThread: false,
        mayAsk: true,
      },
    }),
  conversationOf: () => Promise.resolve(undefined),
  mentionsBotInChannel: () => true,
  stopCommandOf: () => Promise.resolve(undefined),
  denialReason: () => Promise.resolve(undefined),
  normalize: (_, { kind }) =>
    Promise.resolve({
      id: '1',
      conversation,
      author: { id: 'ann' },
      text: 'hello',
      sentAt: 0,
      kind,
    }),
  textOf: () => Promise.resolve('hello'),
  notify: () => undefined,
  notifyDenied: () => undefined,
};

it.each([
  ['of a person within a day asks', { ageMs: 23 * hourMs }, ['question']],
  ['of a person later asks nothing', { ageMs: 25 * hourMs }, []],
  ['of a bot asks nothing', { ageMs: 0, isFromBot: true }, []],
] as const)('an edit that adds a mention, %s', async (_, edited, kinds) => {
  const received: Message['kind'][] = [];
  const log = recordingLog();
  const store = {
    shared: false,
    participation: () => Promise.resolve(undefined),
  } as unknown as Store;
  const intake = {
    receive: ({ kind }: Message) => {
      received.push(kind);
      return Promise.resolve('queued');
    },
  } as unknown as Intake;
  const handler = new MessageHandler({
    adapter,
    intake,
    store,
    followUps: 'auto',
    refusalNotices: new RefusalNotices({ platform: 'slack', store, log }),
    poisonMessages: new PoisonMessageGuard({ platform: 'slack', store, log }),
    onMessageDeleted: () => undefined,
    log,
    signal: new AbortController().signal,
  });
  await handler.onEdit(edited);
  expect(received).toEqual(kinds);
});
