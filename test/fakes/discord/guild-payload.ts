import { type Guild, memberPayload, rolePayload } from './guild.ts';
import { type Payload, isoTime } from './payload.ts';
import { channelPayload } from './payloads.ts';
import { permission } from './permissions.ts';
import type { DiscordState } from './discord-state.ts';

/** A guild as GUILD_CREATE brings it to the bot. */
export function guildPayload(world: DiscordState, guild: Guild): Payload {
  const bot = guild.members.get(world.bot.id);
  const threads = world
    .threadsOf(guild)
    .filter(
      (channel) =>
        channel.thread?.archived !== true && world.may(world.bot, channel, permission.ViewChannel),
    );
  return {
    ...guildFields(guild),
    joined_at: isoTime(bot?.joinedAt ?? Date.now()),
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    members: bot === undefined ? [] : [memberPayload(bot)],
    // Channels that the bot cannot see come along, too.
    channels: world.channelsOf(guild).map((channel) => channelPayload(world, channel)),
    threads: threads.map((channel) => channelPayload(world, channel)),
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

/** A guild as GET /guilds/:id shows it. */
export function guildFields(guild: Guild): Payload {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    owner_id: guild.ownerId,
    application_id: null,
    region: 'deprecated',
    afk_channel_id: null,
    afk_timeout: 300,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    widget_enabled: false,
    widget_channel_id: null,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw: false,
    nsfw_level: 0,
    premium_tier: 0,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    preferred_locale: 'en-US',
    vanity_url_code: null,
    max_members: 500_000,
    max_presences: null,
    max_video_channel_users: 25,
    max_stage_video_channel_users: 50,
    features: ['COMMUNITY', 'NEWS'],
    emojis: [],
    stickers: [],
    incidents_data: null,
    roles: [...guild.roles.values()].map(rolePayload),
  };
}
