import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Access, type AccessLists } from '../../../../../src/core/intake/access.ts';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import { CallFailed, RateLimited } from '../../../../../src/core/domain/errors.ts';
import type { Message } from '../../../../../src/core/domain/message.ts';
import type { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { AccessCheck } from '../../../../../src/platforms/slack/receive/access-check.ts';
import {
  threadContext,
  type ThreadReader,
} from '../../../../../src/platforms/slack/history/thread-context.ts';
import { SlackApiError } from '../../../../../src/platforms/slack/api/api-errors.ts';
import { Users } from '../../../../../src/platforms/slack/api/users.ts';
import type { SlackMessage } from '../../../../../src/platforms/slack/messages/slack-message.ts';
import type { BotIdentity } from '../../../../../src/platforms/slack/api/identify-bot.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

const bot: BotIdentity = { team: 'T1', enterprise: 'E1', userId: 'U9', name: 'parley' };
const { signal } = new AbortController();

/** What `users.info` does about somebody. */
type Answer = Record<string, unknown> | Error | 'silence';

/** A door in a workspace of an organisation, with what Slack tells of people. */
function world(
  answers: Readonly<Record<string, Answer>> = {},
  { outsiders = false, lists = {} }: { outsiders?: boolean; lists?: AccessLists } = {},
) {
  const api = {
    async read(_method: string, { user }: { user: string }): Promise<unknown> {
      const answer = answers[user] ?? new SlackApiError('users.info', 'user_not_found');
      if (answer === 'silence') await new Promise(() => {});
      if (answer instanceof Error) throw answer;
      return { user: { id: user, real_name: `Name of ${user}`, ...(answer as object) } };
    },
  };
  const users = new Users({ api: api as unknown as SlackApi, log: recordingLog() });
  const access = new Access(lists);
  return {
    users,
    accessCheck: new AccessCheck({ bot, access, allowOutsiders: outsiders, users }),
  };
}

function said(user: string, more: Partial<SlackMessage> = {}): SlackMessage {
  return { channel: 'C1', ts: '1700000000.000100', user, text: 'hello', files: [], ...more };
}

describe('people of other workspaces', () => {
  const answers = {
    UA: { team_id: 'T2', enterprise_user: { enterprise_id: 'E1' } },
    UB: { team_id: 'T3', enterprise_user: { enterprise_id: 'E2' } },
    UC: { team_id: 'T4' },
  };

  it.each([
    ['UA', 'T2', undefined],
    ['UB', 'T3', 'outsider'],
    ['UC', 'T4', 'outsider'],
    ['UD', 'T5', 'unknown'],
  ])(
    'are told by their organisation where a message does not: %s of %s',
    async (user, team, why) => {
      const { accessCheck } = world(answers);
      expect(await accessCheck.denialReason(said(user, { team }), signal)).toBe(why);
    },
  );

  it('may write directly only where everybody may, though they are answered in channels', async () => {
    const theirs = { team: 'T4', shared: true };
    const directly = { ...theirs, channel: 'D1' };
    const members = world(answers, { outsiders: true });
    expect(await members.accessCheck.denialReason(said('UC', theirs), signal)).toBeUndefined();
    expect(await members.accessCheck.denialReason(said('UC', directly), signal)).toBe('outsider');
    expect(
      await members.accessCheck.denialReason(said('U1', { channel: 'D2' }), signal),
    ).toBeUndefined();
    const open = world(answers, { outsiders: true, lists: { direct: 'everyone' } });
    expect(await open.accessCheck.denialReason(said('UC', directly), signal)).toBeUndefined();
    const closed = world(answers, { lists: { direct: 'everyone' } });
    expect(await closed.accessCheck.denialReason(said('UC', directly), signal)).toBe('outsider');
  });
});

describe('what Slack does not tell in time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each<[string, Answer]>([
    ['silence', 'silence'],
    ['a rate limit', new RateLimited(30_000)],
    ['no answer', new CallFailed('away')],
  ])('is not decided by %s: the message may come again', async (_, answer) => {
    const { accessCheck, users } = world({ UX: answer });
    const refusal = accessCheck
      .denialReason(said('UX', { shared: true }), signal)
      .catch((error) => error);
    const names = users.namesOf(['UX'], [], signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await refusal).toBeInstanceOf(CallFailed);
    // Names can be done without.
    expect(await names).toEqual(new Map());
  });

  it('is left out of what was said above, as is what outsiders said', async () => {
    const { accessCheck, users } = world({
      UA: { team_id: 'T2', enterprise_user: { enterprise_id: 'E1' } },
      UC: { team_id: 'T4' },
      UX: 'silence',
    });
    const of = (user: string, team: string, at: number) => ({
      user,
      user_team: team,
      thread_ts: '100.000001',
      ts: `10${at}.000001`,
      text: `words of ${user}`,
    });
    const thread = [of('UA', 'T2', 1), of('UC', 'T4', 2), of('UX', 'T2', 3), of('U1', 'T1', 4)];
    const threads = { replies: async () => thread } as unknown as ThreadReader;
    const conversation = conversationId('slack', 'T1', 'C1', '100.000001');
    const question = { id: '200.000001' } as Message;
    const reading = threadContext(
      conversation,
      [question],
      { bot, threads, users, accessCheck },
      signal,
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await reading).map(({ text }) => text)).toEqual(['words of UA', 'words of U1']);
  });
});
