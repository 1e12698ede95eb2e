import type { Channel, ChannelKind } from '../channel.ts';
import type { Payload } from '../events/payloads.ts';
import { ApiError } from '../api-error.ts';
import type { Workspace } from '../workspace.ts';
import { type MethodCall, type Method, needScope } from './method.ts';

const kinds: Readonly<Record<string, ChannelKind>> = {
  public_channel: 'public',
  private_channel: 'private',
  im: 'im',
  mpim: 'mpim',
};

const scopes: Readonly<Record<ChannelKind, string>> = {
  public: 'channels:read',
  private: 'groups:read',
  im: 'im:read',
  mpim: 'mpim:read',
};

const takes = ['types', 'exclude_archived', 'limit', 'cursor', 'team_id'];

/** Every channel that the bot may know of. */
export const listConversations: Method = {
  takes,
  run(methodCall) {
    const { bot } = methodCall.workspace;
    return page(methodCall, ({ kind, members }) => kind === 'public' || members.has(bot.id));
  },
};

/** The channels that the bot, or a person together with the bot, is in. */
export const listMemberships: Method = {
  takes: [...takes, 'user'],
  run(methodCall) {
    const { bot } = methodCall.workspace;
    const user = methodCall.args.text('user') ?? bot.id;
    const visible = ({ kind, members }: Channel) => kind === 'public' || members.has(bot.id);
    return page(methodCall, (channel) => channel.members.has(user) && visible(channel));
  },
};

export const conversationInfo: Method = {
  takes: ['channel', 'include_locale', 'include_num_members'],
  run(methodCall) {
    const { workspace, args } = methodCall;
    const channel = workspace.channels.get(args.needed('channel'));
    const hidden = channel?.kind !== 'public' && channel?.members.has(workspace.bot.id) !== true;
    if (channel === undefined || hidden) throw new ApiError('channel_not_found');
    needScope(methodCall, [scopes[channel.kind]]);
    const count = args.flag('include_num_members') === true;
    const members = count ? { num_members: channel.members.size } : {};
    return { channel: { ...channelPayload(workspace, channel), ...members } };
  },
};

function page(methodCall: MethodCall, belongs: (channel: Channel) => boolean): Payload {
  const { workspace, args } = methodCall;
  const asked = (args.text('types') ?? 'public_channel').split(',').map((type) => {
    const kind = kinds[type.trim()];
    if (kind === undefined) throw new ApiError('invalid_types');
    return kind;
  });
  for (const kind of asked) needScope(methodCall, [scopes[kind]]);
  const withoutArchived = args.flag('exclude_archived') === true;
  const all = [...workspace.channels.values()].filter(
    (channel) =>
      asked.includes(channel.kind) && belongs(channel) && !(withoutArchived && channel.archived),
  );
  const limit = Math.min(999, Math.max(1, args.count('limit', 100) || 100));
  const start = startOf(args.text('cursor') ?? '', all);
  const next = all[start + limit];
  const cursor = next === undefined ? '' : Buffer.from(`next:${next.id}`).toString('base64');
  return {
    channels: all.slice(start, start + limit).map((channel) => channelPayload(workspace, channel)),
    response_metadata: { next_cursor: cursor },
  };
}

function startOf(cursor: string, channels: readonly Channel[]): number {
  if (cursor === '') return 0;
  const [, id] = Buffer.from(cursor, 'base64').toString().split(':');
  const start = channels.findIndex((channel) => channel.id === id);
  if (start >= 0) return start;
  throw new ApiError('invalid_cursor');
}

function channelPayload(workspace: Workspace, channel: Channel): Payload {
  const { id, name, kind, members, archived, external } = channel;
  const isMember = members.has(workspace.bot.id);
  if (kind === 'im') {
    const user = [...members].find((member) => member !== workspace.bot.id);
    return { id, is_im: true, is_archived: archived, user, context_team_id: workspace.id };
  }
  return {
    id,
    name,
    is_channel: kind === 'public',
    is_group: kind === 'private',
    is_im: false,
    is_mpim: kind === 'mpim',
    is_private: kind !== 'public',
    is_archived: archived,
    is_member: isMember,
    is_shared: external,
    is_ext_shared: external,
    context_team_id: workspace.id,
  };
}
