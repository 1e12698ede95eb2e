import type { Channel } from '../channel.ts';
import { type Message, messageFlags } from '../message.ts';
import { messagePayload } from '../payloads.ts';
import { type Payload, isObject } from '../payload.ts';
import { ApiError, invalid, notSnowflake } from '../api-error.ts';
import { isSnowflake, timeOf } from '../snowflakes.ts';
import { allowedOf, contentOf, extrasOf, flagsOf, needSomething, nonceOf } from './message-form.ts';
import {
  type RouteCall,
  type Route,
  botMay,
  messageOf,
  need,
  needToWrite,
  channelOf,
} from './route.ts';

const settableOnPost = messageFlags.suppressEmbeds | messageFlags.suppressNotifications;

export const postMessage: Route = {
  method: 'POST',
  path: '/channels/:channel/messages',
  run(calling) {
    const { world, deeds, body } = calling;
    const channel = channelOf(calling);
    needToWrite(calling, channel);
    const contents = { text: contentOf(body) ?? '', ...extrasOf(body) };
    const nonce = nonceOf(body);
    const allowed = allowedOf(body);
    const flags = flagsOf(body, settableOnPost) ?? 0;
    needSomething(contents);
    const reference = referenceOf(calling, channel);
    const same = body['enforce_nonce'] === true ? postedBefore(calling, channel, nonce) : undefined;
    const message =
      same ?? deeds.post(channel, world.bot, { ...contents, flags }, { reference, nonce, allowed });
    return messagePayload(world, message, { withNonce: true });
  },
};

export const editMessage: Route = {
  method: 'PATCH',
  path: '/channels/:channel/messages/:message',
  run(calling) {
    const { world, deeds, body } = calling;
    const channel = channelOf(calling);
    const message = messageOf(calling, channel);
    if (message.author !== world.bot) throw new ApiError(50005);
    if (message.kind !== 'default' && message.kind !== 'reply') throw new ApiError(50021);
    needUnarchived(calling, channel);
    const flags = flagsOf(body, messageFlags.suppressEmbeds);
    const kept = message.flags & ~messageFlags.suppressEmbeds;
    const contents = {
      ...message.contents,
      ...extrasOf(body),
      text: body['content'] === null ? '' : (contentOf(body) ?? message.text),
      flags: flags === undefined ? message.flags : kept | flags,
    };
    needSomething(contents);
    const allowed = allowedOf(body);
    needRoomForOldEdit(calling, message);
    deeds.edit(message, contents, allowed);
    return messagePayload(world, message);
  },
};

export const deleteMessage: Route = {
  method: 'DELETE',
  path: '/channels/:channel/messages/:message',
  run(calling) {
    const channel = channelOf(calling);
    const message = messageOf(calling, channel);
    if (message.author !== calling.world.bot) need(calling, channel, 'ManageMessages');
    needUnarchived(calling, channel);
    calling.deeds.remove(message);
    return undefined;
  },
};

export const showTyping: Route = {
  method: 'POST',
  path: '/channels/:channel/typing',
  run(calling) {
    needToWrite(calling, channelOf(calling));
    return undefined;
  },
};

/** The message that a post replies to, if it is there. */
function referenceOf(calling: RouteCall, channel: Channel) {
  const { message_reference: reference } = calling.body;
  if (reference === undefined || reference === null) return undefined;
  const {
    message_id: messageId,
    channel_id: channelId,
    fail_if_not_exists: fails,
  } = isObject(reference) ? reference : ({} as Payload);
  const path = 'message_reference';
  if (!isSnowflake(messageId)) throw notSnowflake(`${path}.message_id`, messageId);
  if (channelId !== undefined && channelId !== channel.id) {
    const problem = 'Cannot reply to a message in another channel';
    throw invalid(path, 'REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL', problem);
  }
  if (!botMay(calling, channel, 'ReadMessageHistory')) throw new ApiError(160002);
  const target = channel.find(messageId);
  if (target === undefined && fails === false) return undefined;
  if (target === undefined) {
    throw invalid(path, 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message');
  }
  if (target.kind !== 'default' && target.kind !== 'reply') {
    const problem = 'Cannot reply to a system message';
    throw invalid(path, 'REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE', problem);
  }
  return { channelId: channel.id, messageId };
}

/** What the bot posted here with the same nonce, as long as Discord remembers. */
function postedBefore(
  { world, settings }: RouteCall,
  channel: Channel,
  nonce: string | number | undefined,
): Message | undefined {
  if (nonce === undefined) return undefined;
  const since = performance.now() - settings.nonceLastsMs;
  return channel.messages.findLast(
    (message) =>
      message.author === world.bot && message.nonce === nonce && message.postedAt >= since,
  );
}

function needUnarchived(calling: RouteCall, { thread }: Channel): void {
  if (thread?.archived === true) throw new ApiError(50083);
  if (thread?.locked !== true) return;
  if (!botMay(calling, channelOf(calling), 'ManageThreads'))
    throw new ApiError(50083, { status: 403 });
}

function needRoomForOldEdit({ settings }: RouteCall, message: Message): void {
  const { afterMs, most, perMs } = settings.oldEdits;
  if (Date.now() - timeOf(message.id) < afterMs) return;
  const since = performance.now() - perMs;
  // The first reading is the post.
  const edits = message.readings.slice(1).filter(({ at }) => at >= since);
  const [oldest] = edits;
  if (oldest === undefined || edits.length < most) return;
  throw new ApiError(30046, { retryAfter: (oldest.at - since) / 1_000 });
}
