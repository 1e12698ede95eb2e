import { type Channel } from '../channel.ts';
import { channelPayload } from '../payloads.ts';
import { ApiError } from '../api-error.ts';
import { type RouteCall, type Route, botMay, need, channelOf } from './route.ts';
import { minutesOf, nameOf } from './threads.ts';

export const getChannel: Route = {
  method: 'GET',
  path: '/channels/:channel',
  run(call) {
    return channelPayload(call.world, channelOf(call));
  },
};

export const changeChannel: Route = {
  method: 'PATCH',
  path: '/channels/:channel',
  sublimit: (body) =>
    body['name'] === undefined && body['topic'] === undefined ? undefined : 'name',
  run(call) {
    const { world, actions, body, publisher } = call;
    const channel = channelOf(call);
    if (channel.guildId === undefined) throw new ApiError(50003);
    const name = nameOf(body);
    if (channel.thread === undefined) {
      need(call, channel, 'ManageChannels');
      channel.name = name ?? channel.name;
      publisher.channelChanged(channel, 'CHANNEL_UPDATE');
      return channelPayload(world, channel);
    }
    const autoArchiveMinutes = minutesOf(body);
    const archived = flag(body['archived']);
    const locked = flag(body['locked']);
    needToChange(call, channel, { archived, locked });
    actions.changeThread(channel, { name, archived, locked, autoArchiveMinutes });
    return channelPayload(world, channel);
  },
};

/** Whoever opened a thread may not delete it. */
export const deleteChannel: Route = {
  method: 'DELETE',
  path: '/channels/:channel',
  run(call) {
    const { world, publisher } = call;
    const channel = channelOf(call);
    if (channel.guildId === undefined) throw new ApiError(50003);
    need(call, channel, channel.thread === undefined ? 'ManageChannels' : 'ManageThreads');
    const threads = [...world.channels.values()].filter(({ parentId }) => parentId === channel.id);
    publisher.channelDeleted(channel);
    for (const gone of [channel, ...threads]) gone.deleted = true;
    return channelPayload(world, channel);
  },
};

function needToChange(
  call: RouteCall,
  channel: Channel,
  { archived, locked }: { archived: boolean | undefined; locked: boolean | undefined },
): void {
  const { thread } = channel;
  if (thread === undefined) return;
  if (thread.archived && archived !== false) throw new ApiError(50083);
  if (botMay(call, channel, 'ManageThreads')) return;
  if (locked !== undefined && locked !== thread.locked) throw new ApiError(50013);
  if (thread.archived) {
    // Who may write in a thread may bring it back, unless it is locked.
    if (thread.locked) throw new ApiError(50013);
    return need(call, channel, 'SendMessagesInThreads');
  }
  if (thread.ownerId !== call.world.bot.id) throw new ApiError(50013);
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
