import type { Guild, Member } from './guild.ts';
import type { Channel } from './channel.ts';
import type { User } from './user.ts';

/** Discord's bits, as far as anything here depends on them. */
export const permission = {
  Administrator: 1n << 3n,
  ManageChannels: 1n << 4n,
  AddReactions: 1n << 6n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  ManageMessages: 1n << 13n,
  EmbedLinks: 1n << 14n,
  AttachFiles: 1n << 15n,
  ReadMessageHistory: 1n << 16n,
  MentionEveryone: 1n << 17n,
  Connect: 1n << 20n,
  ManageThreads: 1n << 34n,
  CreatePublicThreads: 1n << 35n,
  CreatePrivateThreads: 1n << 36n,
  SendMessagesInThreads: 1n << 38n,
} as const;

export type PermissionName = keyof typeof permission;

const everything = ~0n;

/** What @everyone may do in a guild as it is made. */
export const usualPermissions = bitsOf([
  'AddReactions',
  'ViewChannel',
  'SendMessages',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
  'MentionEveryone',
  'Connect',
  'CreatePublicThreads',
  'CreatePrivateThreads',
  'SendMessagesInThreads',
]);

/** What is allowed or denied in one channel, to a role or to a member. */
export interface Overwrite {
  readonly type: 'role' | 'member';
  allow: bigint;
  deny: bigint;
}

export function bitsOf(names: readonly PermissionName[]): bigint {
  return names.reduce((bits, name) => bits | permission[name], 0n);
}

/**
 * What the roles of somebody in a guild give them, as it is listed: without what any channel says
 * otherwise, and without what an administrator or the owner may do besides.
 */
export function rolePermissionsOf(guild: Guild, { id }: User): bigint {
  const roles = [guild.id, ...(guild.members.get(id)?.roles ?? [])];
  return roles.reduce((bits, role) => bits | (guild.roles.get(role)?.permissions ?? 0n), 0n);
}

/** What a member may do in a channel; `channel` is the parent where a thread is meant. */
export function permissionsIn(guild: Guild, member: Member, channel: Channel): bigint {
  if (guild.ownerId === member.user.id) return everything;
  const base = rolePermissionsOf(guild, member.user);
  if ((base & permission.Administrator) !== 0n) return everything;
  const { overwrites } = channel;
  const ofRoles = member.roles
    .map((id) => overwrites.get(id))
    .filter((found) => found !== undefined);
  const layers = [
    overwrites.get(guild.id),
    {
      allow: ofRoles.reduce((bits, { allow }) => bits | allow, 0n),
      deny: ofRoles.reduce((bits, { deny }) => bits | deny, 0n),
    },
    overwrites.get(member.user.id),
  ];
  let bits = base;
  for (const layer of layers) {
    if (layer !== undefined) bits = (bits & ~layer.deny) | layer.allow;
  }
  return (bits & permission.ViewChannel) === 0n ? 0n : bits;
}
