import { expect, it } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import type { Turn } from '../../../../../src/core/domain/turn.ts';
import { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { Doubles } from '../../../../../src/platforms/slack/reply/duplicate-posts.ts';
import { Heard } from '../../../../../src/platforms/slack/reply/posted-messages.ts';
import { Errands } from '../../../../../src/platforms/common/background-calls.ts';
import { Replies } from '../../../../../src/platforms/slack/reply/reply-registry.ts';
import { Streams } from '../../../../../src/platforms/slack/reply/streaming/stream-policy.ts';
import { Threads } from '../../../../../src/platforms/slack/history/thread-reader.ts';
import { readableLog } from '../../../../fakes/recording-log.ts';

it('forgets a turn that was lost once the next one begins in its conversation', () => {
  const log = readableLog();
  const api = new SlackApi({ token: 'xoxb-none', apiUrl: 'http://127.0.0.1:9/', log });
  const errands = new Errands(log);
  const ending = new AbortController().signal;
  const replies = new Replies({
    api,
    threads: new Threads(api),
    errands,
    doubles: new Doubles(errands, ending),
    heard: new Heard(),
    log,
    store: { view: () => Promise.resolve({ history: [], queued: [] }) },
    ending,
    streams: new Streams({ streaming: 'auto', log }),
    self: () => undefined,
  });
  const conversation = conversationId('slack', 'T1', 'C1', '1.0');
  const begin = (id: string, question: string) => {
    const messages = [{ id: question, author: { id: 'T1:U1' } }];
    replies.surface({ id, conversation, messages, pages: [] } as unknown as Turn);
  };
  begin('lost', '1.0');
  begin('next', '2.0');
  expect(replies.withdraw({ channel: 'C1', ts: '1.0' })).toBeUndefined();
  replies.ended(conversation, 'lost');
  expect(replies.withdraw({ channel: 'C1', ts: '2.0' })).toBe(conversation);
  replies.ended(conversation, 'next');
  expect(replies.withdraw({ channel: 'C1', ts: '2.0' })).toBeUndefined();
});
