import type { Channel } from '../channel.ts';
import { channelPayload, messagePayload, threadMember } from '../payloads.ts';
import { type Payload, codePoints, isObject } from '../payload.ts';
import { permission } from '../permissions.ts';
import { ApiError, invalid } from '../api-error.ts';
import { allowedOf, contentOf, extrasOf, needSomething } from './message-form.ts';
import { type RouteCall, type Route, idOf, messageOf, need, channelOf } from './route.ts';

const privateThread = 12;
const durations = new Set([60, 1_440, 4_320, 10_080]);

export const threadOfMessage: Route = {
  method: 'POST',
  path: '/channels/:channel/messages/:message/threads',
  creates: true,
  run(call) {
    const { world, actions } = call;
    const channel = channelOf(call);
    if (channel.kind !== 'text' && channel.kind !== 'announcement') throw new ApiError(50024);
    const message = messageOf(call, channel);
    need(call, channel, 'CreatePublicThreads');
    const name = neededName(call.body);
    const minutes = minutesOf(call.body);
    if (message.kind !== 'default' && message.kind !== 'reply') throw new ApiError(50021);
    const existing = world.channels.get(message.id);
    if (existing !== undefined && !existing.deleted) throw new ApiError(160004);
    needRoomForThread(call, channel);
    return channelPayload(world, actions.openThreadOf(message, world.bot, name, minutes));
  },
};

export const openThread: Route = {
  method: 'POST',
  path: '/channels/:channel/threads',
  creates: true,
  run(call) {
    const { world, actions, body } = call;
    const channel = channelOf(call);
    const isForum = channel.kind === 'forum';
    if (!isForum && channel.kind !== 'text' && channel.kind !== 'announcement') {
      throw new ApiError(50024);
    }
    // Discord makes private threads unless told otherwise.
    const isPrivate = !isForum && (body['type'] ?? privateThread) === privateThread;
    if (isForum) need(call, channel, 'SendMessages');
    else need(call, channel, isPrivate ? 'CreatePrivateThreads' : 'CreatePublicThreads');
    const name = neededName(body);
    const autoArchiveMinutes = minutesOf(body);
    needRoomForThread(call, channel);
    if (!isForum) {
      const options = { private: isPrivate, ...(autoArchiveMinutes ? { autoArchiveMinutes } : {}) };
      return channelPayload(world, actions.openThread(channel, world.bot, name, options));
    }
    const first = body['message'];
    if (!isObject(first)) throw required('message');
    const contents = { text: contentOf(first) ?? '', ...extrasOf(first) };
    needSomething(contents);
    const allowed = allowedOf(first);
    const { thread, message } = actions.postInForum(channel, world.bot, name, contents, {
      allowed,
    });
    return { ...channelPayload(world, thread), message: messagePayload(world, message) };
  },
};

export const joinThread: Route = {
  method: 'PUT',
  path: '/channels/:channel/thread-members/@me',
  run(call) {
    const thread = threadOf(call);
    if (thread.thread?.archived === true) throw new ApiError(50083);
    call.actions.joinThread(thread, call.world.bot);
    return undefined;
  },
};

export const leaveThread: Route = {
  method: 'DELETE',
  path: '/channels/:channel/thread-members/@me',
  run(call) {
    const thread = threadOf(call);
    if (thread.thread?.archived === true) throw new ApiError(50083);
    call.actions.leaveThread(thread, call.world.bot);
    return undefined;
  },
};

export const activeThreads: Route = {
  method: 'GET',
  path: '/guilds/:guild/threads/active',
  run(call) {
    const { world } = call;
    const guild = world.guilds.get(idOf(call, 'guild'));
    if (guild?.members.has(world.bot.id) !== true) throw new ApiError(50001);
    const threads = world.threadsOf(guild).filter(({ thread }) => thread?.archived === false);
    return listing(call, threads);
  },
};

export const archivedThreads: Route = {
  method: 'GET',
  path: '/channels/:channel/threads/archived/public',
  run(call) {
    const { world, query } = call;
    const channel = channelOf(call);
    if (channel.guildId === undefined || channel.thread !== undefined) throw new ApiError(50024);
    need(call, channel, 'ReadMessageHistory');
    const before = query['before'] === undefined ? Infinity : Date.parse(query['before']);
    if (Number.isNaN(before)) {
      throw invalid('before', 'DATE_TIME_TYPE_PARSE', 'Could not parse value as datetime.');
    }
    const found = world
      .threadsOf(world.guild(channel.guildId), channel.id)
      .filter(({ kind, thread }) => thread?.archived === true && kind !== 'private-thread')
      .filter(({ thread }) => thread !== undefined && thread.archiveChangedAt < before)
      .sort((a, b) => archivedAt(b) - archivedAt(a));
    const most = Math.min(100, Number(query['limit'] ?? 50));
    return { ...listing(call, found.slice(0, most)), has_more: found.length > most };
  },
};

/** The name that a body brings, if it brings one. */
export function nameOf(body: Payload): string | undefined {
  const { name } = body;
  if (name === undefined) return undefined;
  const size = typeof name === 'string' ? codePoints(name.trim()) : 0;
  if (typeof name === 'string' && size >= 1 && size <= 100) return name.trim();
  throw invalid('name', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 100 in length.');
}

/** The time without messages after which a thread is archived. */
export function minutesOf(body: Payload): number | undefined {
  const { auto_archive_duration: minutes } = body;
  if (minutes === undefined || minutes === null) return undefined;
  if (durations.has(Number(minutes))) return Number(minutes);
  const problem = 'Value must be one of (60, 1440, 4320, 10080).';
  throw invalid('auto_archive_duration', 'BASE_TYPE_CHOICES', problem);
}

function neededName(body: Payload): string {
  const name = nameOf(body);
  if (name === undefined) throw required('name');
  return name;
}

function required(path: string): ApiError {
  return invalid(path, 'BASE_TYPE_REQUIRED', 'This field is required');
}

function threadOf(call: RouteCall): Channel {
  const channel = channelOf(call);
  if (channel.thread === undefined) throw new ApiError(50024);
  return channel;
}

function needRoomForThread({ world, settings }: RouteCall, channel: Channel): void {
  const all = world.threadsOf(world.guild(channel.guildId));
  const active = all.filter(({ thread }) => thread?.archived === false);
  if (active.length >= settings.mostActiveThreads) throw new ApiError(160006);
}

function listing({ world }: RouteCall, threads: readonly Channel[]): Payload {
  const seen = threads.filter((thread) => world.may(world.bot, thread, permission.ViewChannel));
  const joined = seen.filter(({ thread }) => thread?.members.has(world.bot.id) === true);
  return {
    threads: seen.map((thread) => channelPayload(world, thread)),
    members: joined.map((thread) => threadMember(thread, world.bot.id)),
  };
}

function archivedAt({ thread }: Channel): number {
  return thread?.archiveChangedAt ?? 0;
}
