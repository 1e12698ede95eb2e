import { type Payload, isoTime } from './payload.ts';
import type { User } from './user.ts';
import { userPayload } from './user.ts';

export interface Role {
  readonly id: string;
  readonly name: string;
  permissions: bigint;
  /** Anybody may ping it. */
  readonly mentionable: boolean;
  /** The bot that Discord made it for, when that was invited. */
  readonly botId?: string;
}

export interface Member {
  readonly user: User;
  readonly nick: string | null;
  /** Ids of roles, without @everyone. */
  readonly roles: string[];
  /** In milliseconds since the epoch. */
  readonly joinedAt: number;
}

/** A server: who is in it and what they may do. */
export class Guild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  /** @everyone's has the guild's own id. */
  readonly roles = new Map<string, Role>();
  readonly members = new Map<string, Member>();

  constructor(options: { id: string; name: string; ownerId: string; everyone: bigint }) {
    this.id = options.id;
    this.name = options.name;
    this.ownerId = options.ownerId;
    const permissions = options.everyone;
    this.roles.set(this.id, { id: this.id, name: '@everyone', permissions, mentionable: false });
  }

  /** @param joinedAt in milliseconds since the epoch */
  join(
    user: User,
    roles: readonly string[] = [],
    nick: string | null = null,
    joinedAt = Date.now(),
  ): Member {
    const member: Member = { user, nick, roles: [...roles], joinedAt };
    this.members.set(user.id, member);
    return member;
  }
}

/** Without the user, as it stands beside an author. */
export function partialMember(member: Member): Payload {
  return {
    roles: member.roles,
    nick: member.nick,
    avatar: null,
    banner: null,
    joined_at: isoTime(member.joinedAt),
    premium_since: null,
    communication_disabled_until: null,
    deaf: false,
    mute: false,
    flags: 0,
    pending: false,
  };
}

export function memberPayload(member: Member): Payload {
  return { ...partialMember(member), user: userPayload(member.user) };
}

export function rolePayload(role: Role, position: number): Payload {
  return {
    id: role.id,
    name: role.name,
    description: null,
    permissions: String(role.permissions),
    position,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    managed: role.botId !== undefined,
    ...(role.botId === undefined ? {} : { tags: { bot_id: role.botId } }),
    mentionable: role.mentionable,
    flags: 0,
  };
}
