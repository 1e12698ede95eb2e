import type { Message } from '../message.ts';
import { messagePayload } from '../payloads.ts';
import { ApiError, invalid, notSnowflake } from '../api-error.ts';
import { compareIds } from '../snowflakes.ts';
import { type Route, botMay, messageOf, channelOf } from './route.ts';

export const listMessages: Route = {
  method: 'GET',
  path: '/channels/:channel/messages',
  run(call) {
    const { world, query } = call;
    const channel = channelOf(call);
    if (channel.kind === 'category' || channel.kind === 'forum') throw new ApiError(50008);
    const limit = limitOf(query['limit']);
    for (const key of ['before', 'after', 'around'] as const) {
      if (query[key] !== undefined && !/^\d{1,20}$/.test(query[key])) {
        throw notSnowflake(key, query[key]);
      }
    }
    // Without the permission Discord shows an empty channel.
    if (!botMay(call, channel, 'ReadMessageHistory')) return [];
    return select(channel.messages, limit, query).map((message) => messagePayload(world, message));
  },
};

export const getMessage: Route = {
  method: 'GET',
  path: '/channels/:channel/messages/:message',
  run(call) {
    const channel = channelOf(call);
    if (!botMay(call, channel, 'ReadMessageHistory')) throw new ApiError(50001);
    return messagePayload(call.world, messageOf(call, channel));
  },
};

function limitOf(value: string | undefined): number {
  if (value === undefined) return 50;
  const limit = Number(value);
  if (!Number.isInteger(limit)) {
    throw invalid('limit', 'NUMBER_TYPE_COERCE', `Value "${value}" is not int.`);
  }
  if (limit < 1 || limit > 100) {
    const problem =
      limit < 1
        ? 'int value should be greater than or equal to 1.'
        : 'int value should be less than or equal to 100.';
    throw invalid('limit', limit < 1 ? 'NUMBER_TYPE_MIN' : 'NUMBER_TYPE_MAX', problem);
  }
  return limit;
}

/** Newest first, whichever end they are counted from. */
function select(
  messages: readonly Message[],
  limit: number,
  { before, after, around }: Readonly<Record<string, string>>,
): Message[] {
  const earlier = (id: string) => messages.filter((message) => compareIds(message.id, id) < 0);
  const later = (id: string) => messages.filter((message) => compareIds(message.id, id) > 0);
  if (around !== undefined) {
    const half = Math.floor(limit / 2);
    const middle = messages.filter(({ id }) => id === around);
    const sides = [...earlier(around).slice(-half), ...middle, ...later(around).slice(0, half)];
    return sides.slice(0, limit).toReversed();
  }
  if (before !== undefined) return earlier(before).slice(-limit).toReversed();
  if (after !== undefined) return later(after).slice(0, limit).toReversed();
  return messages.slice(-limit).toReversed();
}
