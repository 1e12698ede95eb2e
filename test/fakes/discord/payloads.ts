import { type Channel, channelTypes } from './channel.ts';
import { partialMember } from './guild.ts';
import { type Message, messageTypes } from './message.ts';
import { type Payload, isoTime } from './payload.ts';
import { timeOf } from './snowflakes.ts';
import { userPayload } from './user.ts';
import type { DiscordState } from './discord-state.ts';

/** A message as REST and events show it. */
export function messagePayload(
  world: DiscordState,
  message: Message,
  options: { withNonce?: boolean; nested?: boolean } = {},
): Payload {
  const { contents, mentions, author, reference } = message;
  const channel = world.channel(message.channelId);
  const thread = message.id === channel.id ? undefined : world.channels.get(message.id);
  return {
    type: messageTypes[message.kind],
    id: message.id,
    channel_id: message.channelId,
    content: contents.text,
    author: userPayload(author),
    ...(author.webhook ? { webhook_id: author.id } : {}),
    ...(author === world.bot ? { application_id: world.application.id } : {}),
    timestamp: isoTime(timeOf(message.id)),
    edited_timestamp: message.editedAt === undefined ? null : isoTime(message.editedAt),
    tts: false,
    mention_everyone: mentions.everyone,
    mentions: mentions.users.map((id) => userPayload(world.users.get(id)!)),
    mention_roles: mentions.roles,
    attachments: contents.attachments ?? [],
    embeds: contents.embeds ?? [],
    components: contents.components ?? [],
    pinned: message.pinned,
    flags: message.flags,
    ...(options.withNonce === true && message.nonce !== undefined ? { nonce: message.nonce } : {}),
    ...(reference === undefined ? {} : referenceFields(world, channel, message, options.nested)),
    ...(thread === undefined || thread.deleted ? {} : { thread: channelPayload(world, thread) }),
  };
}

function referenceFields(
  world: DiscordState,
  channel: Channel,
  { reference, kind }: Message,
  nested = false,
): Payload {
  if (reference === undefined) return {};
  const pointer: Payload = {
    type: 0,
    channel_id: reference.channelId,
    message_id: reference.messageId,
    ...(channel.guildId === undefined ? {} : { guild_id: channel.guildId }),
  };
  const comesAlong = !nested && (kind === 'reply' || kind === 'thread-starter');
  if (!comesAlong) return { message_reference: pointer };
  const parent = world.channels.get(reference.channelId)?.find(reference.messageId);
  const parentPayload =
    parent === undefined ? null : messagePayload(world, parent, { nested: true });
  return { message_reference: pointer, referenced_message: parentPayload };
}

/** What events add to a message. */
export function eventFields(world: DiscordState, message: Message): Payload {
  const channel = world.channel(message.channelId);
  const member = world.memberOf(message.author, channel);
  const mentioned = message.mentions.users.map((id) => {
    const user = world.users.get(id)!;
    const theirs = world.memberOf(user, channel);
    return {
      ...userPayload(user),
      ...(theirs === undefined ? {} : { member: partialMember(theirs) }),
    };
  });
  return {
    channel_type: channelTypes[channel.kind],
    ...(channel.guildId === undefined ? {} : { guild_id: channel.guildId }),
    ...(member === undefined ? {} : { member: partialMember(member) }),
    mentions: mentioned,
  };
}

export function channelPayload(world: DiscordState, channel: Channel): Payload {
  const { id, kind, name, guildId, lastMessageId, thread } = channel;
  const base: Payload = { id, type: channelTypes[kind], flags: 0 };
  if (guildId === undefined) {
    const recipient = world.users.get(channel.recipientId ?? '')!;
    return { ...base, last_message_id: lastMessageId, recipients: [userPayload(recipient)] };
  }
  const shared: Payload = {
    ...base,
    guild_id: guildId,
    name,
    parent_id: channel.parentId ?? null,
    rate_limit_per_user: 0,
    last_message_id: lastMessageId,
  };
  if (thread !== undefined) return { ...shared, ...threadFields(world, channel) };
  return {
    ...shared,
    position: channel.position,
    permission_overwrites: overwritesOf(channel),
    nsfw: false,
    topic: null,
    last_pin_timestamp: null,
    ...(kind === 'voice'
      ? { bitrate: 64_000, user_limit: 0, rtc_region: null, video_quality_mode: 1 }
      : {}),
    ...(kind === 'forum'
      ? {
          available_tags: [],
          default_reaction_emoji: null,
          default_sort_order: null,
          default_forum_layout: 0,
          default_auto_archive_duration: 4_320,
        }
      : {}),
  };
}

function overwritesOf({ overwrites }: Channel): Payload[] {
  return [...overwrites].map(([id, { type, allow, deny }]) => ({
    id,
    type: type === 'role' ? 0 : 1,
    allow: String(allow),
    deny: String(deny),
  }));
}

function threadFields(world: DiscordState, channel: Channel): Payload {
  const { thread } = channel;
  if (thread === undefined) return {};
  return {
    owner_id: thread.ownerId,
    message_count: thread.sent,
    total_message_sent: thread.sent,
    member_count: Math.min(50, thread.members.size),
    thread_metadata: {
      archived: thread.archived,
      locked: thread.locked,
      auto_archive_duration: thread.autoArchiveMinutes,
      archive_timestamp: isoTime(thread.archiveChangedAt),
      create_timestamp: isoTime(timeOf(channel.id)),
      ...(channel.kind === 'private-thread' ? { invitable: true } : {}),
    },
    ...(thread.members.has(world.bot.id) ? { member: threadMember(channel, world.bot.id) } : {}),
  };
}

export function threadMember(channel: Channel, userId: string): Payload {
  const joinedAt = channel.thread?.members.get(userId) ?? Date.now();
  return { id: channel.id, user_id: userId, join_timestamp: isoTime(joinedAt), flags: 1 };
}
