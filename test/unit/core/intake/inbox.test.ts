import { expect, it } from 'vitest';
import type { EventLoopYield } from '../../../../src/core/timing.ts';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import type { Dispatcher } from '../../../../src/core/turns/dispatcher.ts';
import { Inbox } from '../../../../src/core/intake/inbox.ts';
import type { Message } from '../../../../src/core/domain/message.ts';
import { noMetrics } from '../../../../src/core/ports/metrics.ts';
import type { Store } from '../../../../src/core/ports/store.ts';

const conversation = conversationId('slack', 'T1', 'C1', '1');
const long = '漢'.repeat(35_000);

/** An inbox with one question that waits, and how many pieces of texts were counted. */
function withOneWaiting() {
  const waiting: Message = {
    id: 'waits',
    conversation,
    author: { id: 'slack:T1:U1' },
    text: 'hi',
    sentAt: 1,
    kind: 'question',
  };
  const store: Pick<Store, 'conversationView' | 'revise'> = {
    conversationView: () => Promise.resolve({ history: [], queued: [waiting] }),
    revise: (_, id) => Promise.resolve(id === waiting.id),
  };
  let counted = 0;
  const breather: Pick<EventLoopYield, 'ifDue'> = {
    ifDue: () => {
      counted += 1;
      return undefined;
    },
  };
  const inbox = new Inbox({
    store: store as Store,
    dispatcher: {} as Dispatcher,
    metrics: noMetrics,
    eventLoop: breather as EventLoopYield,
  });
  return { inbox, counted: () => counted };
}

it('counts the tokens of a long text that was changed only where it waits for an answer', async () => {
  const { inbox, counted } = withOneWaiting();
  expect(await inbox.revise(conversation, 'answered', long)).toBe(false);
  expect(counted()).toBe(0);
  expect(await inbox.revise(conversation, 'waits', long)).toBe(true);
  expect(counted()).toBeGreaterThan(100);
});
