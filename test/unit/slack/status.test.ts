import { expect, it } from 'vitest';
import type { SlackApi } from '../../../src/platforms/slack/api.ts';
import { Errands } from '../../../src/core/errands.ts';
import { Statuses, StatusMark } from '../../../src/platforms/slack/status.ts';
import { readableLog } from '../../fakes/log.ts';

it('does not hold up the end of the service while Slack hangs at clearing a status', async () => {
  const log = readableLog();
  const errands = new Errands(log);
  const hanging = Promise.withResolvers<void>();
  const call: SlackApi['call'] = (_, { status }, signal) => {
    if (status !== '') return Promise.resolve({});
    hanging.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  const mark = new StatusMark({
    api: { call } as SlackApi,
    statuses: new Statuses(),
    log,
    kind: 'channel',
    channel: 'C1',
    threadTs: '1.0',
    clearedByPost: true,
    errands,
  });
  await mark.show({ phase: 'thinking' }, new AbortController().signal);
  mark.clear();
  await hanging.promise;
  await errands.close(0);
  expect(log.events.map(({ event }) => event)).toEqual(['errand failed']);
}, 5_000);
