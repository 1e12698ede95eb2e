import { Channel, type ChannelKind } from './channel.ts';
import { Guild, type Member } from './guild.ts';
import type { Message } from './message.ts';
import {
  type ChannelOptions,
  type DiscordFakeOptions,
  type GuildOptions,
  defaults,
} from './options.ts';
import { bitsOf, permission, permissionsIn, usualPermissions } from './permissions.ts';
import { guildPayload } from './guild-payload.ts';
import { Snowflakes } from './snowflakes.ts';
import { type User, userPayload } from './user.ts';

/** What the gateway needs to know. */
export interface GatewayState {
  /** For READY. */
  readyGuilds(): { id: string; unavailable: true }[];
  /** What GUILD_CREATE brings of each guild. */
  guildCreates(): object[];
  botUser(): object;
  readonly application: { id: string; flags: number };
  /** The privileged intent is switched on in the portal. */
  readonly messageContentAllowed: boolean;
}

/** A channel, by its id, its name, or itself. */
export type ChannelReference = string | Channel;

/** All guilds, channels and people. */
export class DiscordState implements GatewayState {
  readonly snowflakes = new Snowflakes();
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  /** Threads and direct messages among them. */
  readonly channels = new Map<string, Channel>();
  readonly bot: User;
  messageContentAllowed: boolean;

  constructor(options: DiscordFakeOptions) {
    this.bot = this.addUser(options.botName ?? 'Parley', { bot: true });
    this.messageContentAllowed = options.messageContent ?? true;
    for (const guild of options.guilds ?? [{ name: 'Village' }]) this.addGuild(guild);
  }

  /** The application's id is the bot's; GATEWAY_MESSAGE_CONTENT_LIMITED tells of the intent. */
  get application(): { id: string; flags: number } {
    return { id: this.bot.id, flags: this.messageContentAllowed ? 1 << 19 : 0 };
  }

  botUser(): object {
    return { ...userPayload(this.bot), verified: true, mfa_enabled: true, email: null };
  }

  readyGuilds(): { id: string; unavailable: true }[] {
    return this.#joined().map(({ id }) => ({ id, unavailable: true }));
  }

  guildCreates(): object[] {
    return this.#joined().map((guild) => guildPayload(this, guild));
  }

  addUser(name: string, { bot = false, webhook = false } = {}): User {
    const user: User = {
      id: this.snowflakes.next(),
      username: bot || webhook ? name : name.toLowerCase(),
      globalName: bot || webhook ? null : name,
      bot,
      webhook,
      directMessagesClosed: false,
    };
    this.users.set(user.id, user);
    return user;
  }

  /** The bot is in it from the start. */
  addGuild(options: GuildOptions): Guild {
    const [ownerName, ...others] = options.people ?? defaults.people;
    const owner = this.#person(ownerName);
    const guild = new Guild({
      id: options.id ?? this.snowflakes.next(),
      name: options.name,
      ownerId: owner.id,
      everyone: usualPermissions,
    });
    this.guilds.set(guild.id, guild);
    for (const user of [this.bot, owner, ...others.map((name) => this.#person(name))]) {
      // Long ago: what they wrote since is theirs.
      guild.join(user, [], null, Date.now() - 90 * 24 * 60 * 60_000);
    }
    for (const channel of options.channels ?? defaults.channels) this.addChannel(guild, channel);
    return guild;
  }

  addChannel(guild: Guild, options: ChannelOptions): Channel {
    const channel = new Channel({
      id: options.id ?? this.snowflakes.next(),
      kind: options.kind ?? 'text',
      name: options.name,
      guildId: guild.id,
      position: this.channelsOf(guild).length,
    });
    this.channels.set(channel.id, channel);
    if (options.deny !== undefined) {
      const deny = bitsOf(options.deny);
      channel.overwrites.set(this.bot.id, { type: 'member', allow: 0n, deny });
    }
    return channel;
  }

  /** The first guild by default; throws if there is none with this id or name. */
  guild(idOrName?: string): Guild {
    const [first] = this.guilds.values();
    const found =
      idOrName === undefined
        ? first
        : (this.guilds.get(idOrName) ??
          [...this.guilds.values()].find((it) => it.name === idOrName));
    if (found === undefined) throw new Error(`no guild ${idOrName ?? ''}`);
    return found;
  }

  /** Throws if a test names a channel that does not exist. */
  channel(place: ChannelReference): Channel {
    if (typeof place !== 'string') return place;
    const named = (): Channel | undefined =>
      [...this.channels.values()].find(({ name, deleted }) => name === place && !deleted);
    const channel = this.channels.get(place) ?? named();
    if (channel === undefined) throw new Error(`no channel ${place}`);
    return channel;
  }

  /** The message with this id, deleted or not; throws if there never was one. */
  message(id: string): Message {
    for (const channel of this.channels.values()) {
      const message = channel.everything.get(id);
      if (message !== undefined) return message;
    }
    throw new Error(`no message ${id}`);
  }

  channelsOf(guild: Guild): Channel[] {
    return [...this.channels.values()].filter(
      ({ guildId, thread, deleted }) => guildId === guild.id && thread === undefined && !deleted,
    );
  }

  /** Those under one channel, or all of the guild. */
  threadsOf(guild: Guild, parentId?: string): Channel[] {
    return [...this.channels.values()].filter(
      (channel) =>
        channel.guildId === guild.id &&
        channel.thread !== undefined &&
        !channel.deleted &&
        (parentId === undefined || channel.parentId === parentId),
    );
  }

  /** The direct messages between the bot and somebody, made if there were none. */
  directChannel(user: User): Channel {
    const found = [...this.channels.values()].find(({ recipientId }) => recipientId === user.id);
    if (found !== undefined) return found;
    const kind: ChannelKind = 'dm';
    const id = this.snowflakes.next();
    const channel = new Channel({ id, kind, name: '', recipientId: user.id });
    this.channels.set(id, channel);
    return channel;
  }

  memberOf(user: User, channel: Channel): Member | undefined {
    return channel.guildId === undefined
      ? undefined
      : this.guilds.get(channel.guildId)?.members.get(user.id);
  }

  /** Whether somebody has a permission in a channel; never without seeing it. */
  may(user: User, channel: Channel, bit: bigint): boolean {
    return (this.permissionsOf(user, channel) & bit) === bit;
  }

  permissionsOf(user: User, channel: Channel): bigint {
    if (channel.deleted) return 0n;
    if (channel.guildId === undefined) {
      const takesPart = user === this.bot || channel.recipientId === user.id;
      return takesPart ? usualPermissions & ~permission.MentionEveryone : 0n;
    }
    const member = this.memberOf(user, channel);
    if (member === undefined) return 0n;
    const place = channel.parentId === undefined ? channel : this.channel(channel.parentId);
    const bits = permissionsIn(this.guild(channel.guildId), member, place);
    const shut =
      channel.kind === 'private-thread' &&
      (bits & permission.ManageThreads) === 0n &&
      channel.thread?.members.has(user.id) !== true;
    return shut ? 0n : bits;
  }

  /** Guilds that the bot and somebody share. */
  sharesGuild(user: User): boolean {
    return this.#joined().some(({ members }) => members.has(user.id));
  }

  #joined(): Guild[] {
    return [...this.guilds.values()].filter(({ members }) => members.has(this.bot.id));
  }

  /** People of one name are one person, in whatever guild. */
  #person(name: string): User {
    const found = [...this.users.values()].find(({ globalName }) => globalName === name);
    return found ?? this.addUser(name);
  }
}
