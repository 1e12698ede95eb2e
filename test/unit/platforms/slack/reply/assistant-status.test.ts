import { expect, it, vi } from 'vitest';
import type { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { BackgroundCalls } from '../../../../../src/platforms/common/platform-calls.ts';
import { CallFailed } from '../../../../../src/core/domain/errors.ts';
import type { Log } from '../../../../../src/core/ports/log.ts';
import {
  AssistantStatus,
  StatusSupport,
} from '../../../../../src/platforms/slack/reply/assistant-status.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

/** The status of a reply in a channel's thread. */
function markBy(
  call: SlackApi['call'],
  log: Log,
  backgroundCalls = new BackgroundCalls(log),
): AssistantStatus {
  return new AssistantStatus({
    api: { call } as SlackApi,
    statuses: new StatusSupport(),
    log,
    kind: 'channel',
    channel: 'C1',
    threadTs: '1.0',
    clearedByPost: true,
    backgroundCalls,
  });
}

it('does not hold up the end of the service while Slack hangs at clearing a status', async () => {
  const log = recordingLog();
  const backgroundCalls = new BackgroundCalls(log);
  const hanging = Promise.withResolvers<void>();
  const call: SlackApi['call'] = (_, { status }, signal) => {
    if (status !== '') return Promise.resolve({});
    hanging.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  const mark = markBy(call, log, backgroundCalls);
  await mark.show({ phase: 'thinking' }, new AbortController().signal);
  mark.clear();
  await hanging.promise;
  await backgroundCalls.close(0);
  expect(log.events.map(({ event }) => event)).toEqual(['background call failed']);
}, 5_000);

it('tells in the log of a status that failed when nobody waited for it any more', async () => {
  const log = recordingLog();
  const answer = Promise.withResolvers<never>();
  const called = Promise.withResolvers<void>();
  const call: SlackApi['call'] = () => {
    called.resolve();
    return answer.promise;
  };
  const mark = markBy(call, log);
  const replied = new AbortController();
  const shown = mark.show({ phase: 'thinking' }, replied.signal);
  await called.promise;
  replied.abort(new Error('the reply has begun'));
  await expect(shown).rejects.toThrow('the reply has begun');
  const err = new CallFailed('no answer');
  answer.reject(err);
  await vi.waitFor(() => expect(log.events).toHaveLength(1));
  expect(log.events).toEqual([{ level: 'debug', event: 'status not shown', fields: { err } }]);
});
