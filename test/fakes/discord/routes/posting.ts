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
  run(call) {
    const { world, actions, body } = call;
    const channel = channelOf(call);
    needToWrite(call, channel);
    const contents = { text: contentOf(body) ?? '', ...extrasOf(body) };
    const nonce = nonceOf(body);
    const allowed = allowedOf(body);
    const flags = flagsOf(body, settableOnPost) ?? 0;
    needSomething(contents);
    const reference = referenceOf(call, channel);
    const same = body['enforce_nonce'] === true ? postedBefore(call, channel, nonce) : undefined;
    const message =
      same ??
      actions.post(channel, world.bot, { ...contents, flags }, { reference, nonce, allowed });
    return messagePayload(world, message, { withNonce: true });
  },
};

export const editMessage: Route = {
  method: 'PATCH',
  path: '/channels/:channel/messages/:message',
  run(call) {
    const { world, actions, body } = call;
    const channel = channelOf(call);
    const message = messageOf(call, channel);
    if (message.author !== world.bot) throw new ApiError(50005);
    if (message.kind !== 'default' && message.kind !== 'reply') throw new ApiError(50021);
    needUnarchived(call, channel);
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
    needRoomForOldEdit(call, message);
    actions.edit(message, contents, allowed);
    return messagePayload(world, message);
  },
};

export const deleteMessage: Route = {
  method: 'DELETE',
  path: '/channels/:channel/messages/:message',
  run(call) {
    const channel = channelOf(call);
    const message = messageOf(call, channel);
    if (message.author !== call.world.bot) need(call, channel, 'ManageMessages');
    needUnarchived(call, channel);
    call.actions.remove(message);
    return undefined;
  },
};

export const showTyping: Route = {
  method: 'POST',
  path: '/channels/:channel/typing',
  run(call) {
    needToWrite(call, channelOf(call));
    return undefined;
  },
};

/** The message that a post replies to, if it is there. */
function referenceOf(call: RouteCall, channel: Channel) {
  const { message_reference: reference } = call.body;
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
  if (!botMay(call, channel, 'ReadMessageHistory')) throw new ApiError(160002);
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

function needUnarchived(call: RouteCall, { thread }: Channel): void {
  if (thread?.archived === true) throw new ApiError(50083);
  if (thread?.locked !== true) return;
  if (!botMay(call, channelOf(call), 'ManageThreads')) throw new ApiError(50083, { status: 403 });
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
