import type { EventPublisher } from './event-publisher.ts';
import type { Channel } from './channel.ts';
import type { Actions } from './actions.ts';
import type { Role } from './guild.ts';
import type { ChannelOptions } from './options.ts';
import { type PermissionName, bitsOf } from './permissions.ts';
import { timeOf } from './snowflakes.ts';
import type { User } from './user.ts';
import type { ChannelReference, DiscordState } from './discord-state.ts';

/** What those who run a guild, or Discord itself, do there. */
export class Administrator {
  readonly #world: DiscordState;
  readonly #actions: Actions;
  readonly #publisher: EventPublisher;

  constructor(world: DiscordState, actions: Actions, publisher: EventPublisher) {
    this.#world = world;
    this.#actions = actions;
    this.#publisher = publisher;
  }

  /** Takes permissions from somebody in a channel and in its threads; from the bot by default. */
  deny(
    place: ChannelReference,
    names: readonly PermissionName[],
    user: User = this.#world.bot,
  ): void {
    const channel = this.#world.channel(place);
    const { allow } = this.#overwrite(channel, user);
    const deny = bitsOf(names);
    channel.overwrites.set(user.id, { type: 'member', allow: allow & ~deny, deny });
    this.#publisher.channelChanged(channel, 'CHANNEL_UPDATE');
  }

  /** Gives permissions, also ones that were denied before. */
  allow(
    place: ChannelReference,
    names: readonly PermissionName[],
    user: User = this.#world.bot,
  ): void {
    const channel = this.#world.channel(place);
    const { allow, deny } = this.#overwrite(channel, user);
    const bits = bitsOf(names);
    channel.overwrites.set(user.id, { type: 'member', allow: allow | bits, deny: deny & ~bits });
    this.#publisher.channelChanged(channel, 'CHANNEL_UPDATE');
  }

  /** @param options.ofBot Discord makes it for the bot, and gives it to the bot */
  addRole(
    name: string,
    options: { mentionable?: boolean; may?: PermissionName[]; ofBot?: boolean } = {},
  ): Role {
    const { bot } = this.#world;
    const role: Role = {
      id: this.#world.snowflakes.next(),
      name,
      permissions: bitsOf(options.may ?? []),
      mentionable: options.mentionable ?? false,
      ...(options.ofBot === true ? { botId: bot.id } : {}),
    };
    const guild = this.#world.guild();
    guild.roles.set(role.id, role);
    if (options.ofBot === true) guild.members.get(bot.id)?.roles.push(role.id);
    this.#publisher.roleMade(guild, role);
    return role;
  }

  /** Sends the bot away. */
  removeBot(): void {
    const guild = this.#world.guild();
    guild.members.delete(this.#world.bot.id);
    this.#publisher.guildLeft(guild);
  }

  inviteBot(): void {
    const guild = this.#world.guild();
    guild.join(this.#world.bot);
    this.#publisher.guildEntered(guild);
  }

  addChannel(options: ChannelOptions): Channel {
    const channel = this.#world.addChannel(this.#world.guild(), options);
    this.#publisher.channelChanged(channel, 'CHANNEL_CREATE');
    return channel;
  }

  /** Deletes a channel with its threads, or one thread. */
  deleteChannel(place: ChannelReference): void {
    const channel = this.#world.channel(place);
    const threads = [...this.#world.channels.values()].filter(
      ({ parentId }) => parentId === channel.id,
    );
    this.#publisher.channelDeleted(channel);
    for (const gone of [channel, ...threads]) gone.deleted = true;
  }

  /** Puts a thread away, as its owner or a moderator may. */
  archive(thread: Channel): void {
    this.#actions.changeThread(thread, { archived: true });
  }

  /** Archives what was idle for its time by then, in milliseconds since the epoch. */
  archiveIdle(atMs: number): void {
    for (const channel of this.#world.channels.values()) {
      const { thread, lastMessageId, id } = channel;
      if (thread === undefined || thread.archived || channel.deleted) continue;
      const lastAt = Math.max(timeOf(lastMessageId ?? id), thread.archiveChangedAt);
      if (atMs - lastAt >= thread.autoArchiveMinutes * 60_000) this.archive(channel);
    }
  }

  /** Only who may manage threads can write there, or bring it back, from now on. */
  lock(thread: Channel, { archived = false } = {}): void {
    this.#actions.changeThread(thread, { locked: true, archived });
  }

  unlock(thread: Channel): void {
    this.#actions.changeThread(thread, { locked: false });
  }

  /** Takes the privileged intent away in the portal, or gives it. */
  setMessageContent(allowed: boolean): void {
    this.#world.messageContentAllowed = allowed;
  }

  #overwrite(channel: Channel, user: User): { allow: bigint; deny: bigint } {
    return channel.overwrites.get(user.id) ?? { allow: 0n, deny: 0n };
  }
}
