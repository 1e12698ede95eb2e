import type { Channel } from './channel.ts';
import type { GatewayPort } from './gateway/gateway-port.ts';
import { type Guild, type Role, rolePayload } from './guild.ts';
import { guildPayload } from './guild-payload.ts';
import type { Message } from './message.ts';
import { channelPayload, eventFields, messagePayload, threadMember } from './payloads.ts';
import type { Payload } from './payload.ts';
import { permission } from './permissions.ts';
import type { DiscordState } from './discord-state.ts';

/** Tells the gateway what happened, as far as the bot may see it. */
export class EventPublisher {
  readonly #world: DiscordState;
  readonly #gateway: GatewayPort;

  constructor(world: DiscordState, gateway: GatewayPort) {
    this.#world = world;
    this.#gateway = gateway;
  }

  posted(message: Message): void {
    this.#tell('MESSAGE_CREATE', this.#placeOf(message), () => ({
      ...messagePayload(this.#world, message, { withNonce: true }),
      ...eventFields(this.#world, message),
    }));
  }

  edited(message: Message): void {
    this.#tell('MESSAGE_UPDATE', this.#placeOf(message), () => ({
      ...messagePayload(this.#world, message),
      ...eventFields(this.#world, message),
    }));
  }

  deleted(message: Message): void {
    const channel = this.#placeOf(message);
    this.#tell('MESSAGE_DELETE', channel, () => ({
      id: message.id,
      channel_id: channel.id,
      ...guildField(channel),
    }));
  }

  threadOpened(thread: Channel): void {
    this.#tell('THREAD_CREATE', thread, () => ({
      ...channelPayload(this.#world, thread),
      newly_created: true,
    }));
  }

  threadChanged(thread: Channel): void {
    this.#tell('THREAD_UPDATE', thread, () => channelPayload(this.#world, thread));
  }

  threadJoined(thread: Channel, userId: string): void {
    this.#tell('THREAD_MEMBERS_UPDATE', thread, () => ({
      id: thread.id,
      ...guildField(thread),
      member_count: thread.thread?.members.size ?? 0,
      added_members: [{ ...threadMember(thread, userId), presence: null }],
    }));
  }

  threadLeft(thread: Channel, userId: string): void {
    this.#tell('THREAD_MEMBERS_UPDATE', thread, () => ({
      id: thread.id,
      ...guildField(thread),
      member_count: thread.thread?.members.size ?? 0,
      removed_member_ids: [userId],
    }));
  }

  /** Also once the bot may see a channel no more, or sees it again. */
  channelChanged(channel: Channel, event: 'CHANNEL_CREATE' | 'CHANNEL_UPDATE'): void {
    this.#dispatch(event, channel, channelPayload(this.#world, channel));
  }

  /** To be called before it is gone. */
  channelDeleted(channel: Channel): void {
    const event = channel.thread === undefined ? 'CHANNEL_DELETE' : 'THREAD_DELETE';
    this.#tell(event, channel, () => channelPayload(this.#world, channel));
  }

  roleMade(guild: Guild, role: Role): void {
    const payload = { guild_id: guild.id, role: rolePayload(role, guild.roles.size - 1) };
    this.#gateway.dispatch('GUILD_ROLE_CREATE', payload, { guildId: guild.id });
  }

  /** The bot was sent away. */
  guildLeft({ id }: Guild): void {
    this.#gateway.dispatch('GUILD_DELETE', { id }, { guildId: id });
  }

  /** The bot was invited. */
  guildEntered(guild: Guild): void {
    this.#gateway.dispatch('GUILD_CREATE', guildPayload(this.#world, guild), { guildId: guild.id });
  }

  #placeOf(message: Message): Channel {
    return this.#world.channel(message.channelId);
  }

  #tell(event: string, channel: Channel, build: () => Payload): void {
    if (!this.#world.may(this.#world.bot, channel, permission.ViewChannel)) return;
    this.#dispatch(event, channel, build());
  }

  #dispatch(event: string, channel: Channel, payload: Payload): void {
    const { id: channelId, guildId } = channel;
    this.#gateway.dispatch(event, payload, {
      channelId,
      ...(guildId === undefined ? {} : { guildId }),
    });
  }
}

function guildField({ guildId }: Channel): Payload {
  return guildId === undefined ? {} : { guild_id: guildId };
}
