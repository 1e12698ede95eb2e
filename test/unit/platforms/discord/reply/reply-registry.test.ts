import { REST } from 'discord.js';
import { expect, it } from 'vitest';
import { BackgroundCalls } from '../../../../../src/platforms/common/platform-calls.ts';
import type { PageRecord, Turn } from '../../../../../src/core/domain/turn.ts';
import { DiscordApi } from '../../../../../src/platforms/discord/api/rest-api.ts';
import { ChannelRateLimits } from '../../../../../src/platforms/discord/api/rate-limits.ts';
import { Channels } from '../../../../../src/platforms/discord/cache/channels.ts';
import {
  DeniedPermissions,
  threadsKey,
} from '../../../../../src/platforms/discord/reply/reply-location.ts';
import {
  directConversation,
  rootedConversation,
} from '../../../../../src/platforms/discord/messages/conversation-location.ts';
import { PostsByNonce } from '../../../../../src/platforms/discord/reply/lost-posts.ts';
import { ReplyRegistry } from '../../../../../src/platforms/discord/reply/reply-registry.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

const [guild, channel, root, later] = [1, 2, 3, 4].map((at) => `10000000000000000${at}`) as [
  string,
  string,
  string,
  string,
];

function setUp(threads: boolean) {
  const log = recordingLog();
  const budgets = new ChannelRateLimits({ alone: true });
  const api = new DiscordApi({ rest: new REST(), budgets, log, onUnauthorized: () => undefined });
  const channels = new Channels(api);
  const backgroundCalls = new BackgroundCalls(log);
  const posts = new PostsByNonce();
  const botId = () => 'bot';
  const deniedPermissions = new DeniedPermissions();
  const replies = new ReplyRegistry({
    api,
    budgets,
    channels,
    deniedPermissions,
    backgroundCalls,
    posts,
    threads,
    log,
    botId,
  });
  /** Whose limits the first post spends. */
  const spentBy = (
    conversation = rootedConversation(guild, channel, root),
    id = root,
    pages: Partial<PageRecord>[] = [],
  ) => {
    const turn = { id: 'turn', conversation, messages: [{ id }], startedAt: 0, pages };
    return replies.surface(turn as unknown as Turn).budgets.post[0]!.key;
  };
  return { channels, deniedPermissions, spentBy };
}

it('spends the limits of the thread that a question will get', () => {
  expect(setUp(true).spentBy()).toBe(`discord:${root}:post`);
});

it('spends the limits of the channel where answers come there', () => {
  expect(setUp(false).spentBy()).toBe(`discord:${channel}:post`);
});

it('spends the limits of the channel in a chain of replies, as no thread has its id', () => {
  expect(setUp(true).spentBy(undefined, later)).toBe(`discord:${channel}:post`);
});

it.each([true, false])('spends the limits of the thread that it goes on in', (threads) => {
  const { channels, spentBy } = setUp(threads);
  channels.learn({ id: root, type: 11, parent_id: channel });
  expect(spentBy(undefined, later)).toBe(`discord:${root}:post`);
});

it('spends the limits of a direct conversation', () => {
  expect(setUp(true).spentBy(directConversation(channel), later)).toBe(`discord:${channel}:post`);
});

it('spends the limits of where an earlier attempt wrote', () => {
  const pages = [{ id: `${channel}/${later}` }];
  expect(setUp(true).spentBy(undefined, undefined, pages)).toBe(`discord:${channel}:post`);
});

it('spends the limits of the channel in whose threads nothing may be written', () => {
  const { deniedPermissions, spentBy } = setUp(true);
  deniedPermissions.add(threadsKey(channel));
  expect(spentBy()).toBe(`discord:${channel}:post`);
  deniedPermissions.clear();
  expect(spentBy()).toBe(`discord:${root}:post`);
});
