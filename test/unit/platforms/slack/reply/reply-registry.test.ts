import { expect, it } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import type { Turn } from '../../../../../src/core/domain/turn.ts';
import { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { DuplicatePosts } from '../../../../../src/platforms/slack/reply/duplicate-posts.ts';
import { PostedMessages } from '../../../../../src/platforms/slack/reply/posted-messages.ts';
import { BackgroundCalls } from '../../../../../src/platforms/common/platform-calls.ts';
import { ReplyRegistry } from '../../../../../src/platforms/slack/reply/reply-registry.ts';
import { StreamPolicy } from '../../../../../src/platforms/slack/reply/streaming/stream-policy.ts';
import { ThreadReader } from '../../../../../src/platforms/slack/history/thread-context.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

it('forgets a turn that was lost once the next one begins in its conversation', () => {
  const log = recordingLog();
  const api = new SlackApi({ token: 'xoxb-none', apiUrl: 'http://127.0.0.1:9/', log });
  const backgroundCalls = new BackgroundCalls(log);
  const ending = new AbortController().signal;
  const replies = new ReplyRegistry({
    api,
    threads: new ThreadReader(api),
    backgroundCalls,
    duplicates: new DuplicatePosts(backgroundCalls, ending),
    posted: new PostedMessages(),
    log,
    store: { conversationView: () => Promise.resolve({ history: [], queued: [] }) },
    ending,
    streams: new StreamPolicy({ streaming: 'auto', log }),
    bot: () => undefined,
  });
  const conversation = conversationId('slack', 'T1', 'C1', '1.0');
  const begin = (id: string, question: string) => {
    const messages = [{ id: question, author: { id: 'T1:U1' } }];
    replies.surface({ id, conversation, messages, pages: [] } as unknown as Turn);
  };
  begin('lost', '1.0');
  begin('next', '2.0');
  expect(replies.onMessageDeleted('T1:C1:1.0')).toBeUndefined();
  replies.onTurnEnded(conversation, 'lost');
  expect(replies.onMessageDeleted('T1:C1:2.0')).toBe(conversation);
  replies.onTurnEnded(conversation, 'next');
  expect(replies.onMessageDeleted('T1:C1:2.0')).toBeUndefined();
});
