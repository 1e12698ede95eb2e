import type { ChannelKind } from './channel.ts';
import type { GatewayOptions } from './gateway/options.ts';
import type { LimitOptions } from './limits.ts';
import type { PermissionName } from './permissions.ts';

export interface ChannelOptions {
  readonly name: string;
  /** `text` by default; threads are opened by people and bots. */
  readonly kind?: Exclude<
    ChannelKind,
    'dm' | 'announcement-thread' | 'public-thread' | 'private-thread'
  >;
  readonly id?: string;
  /** What the bot is denied here. */
  readonly deny?: readonly PermissionName[];
}

export interface GuildOptions {
  readonly name: string;
  readonly id?: string;
  /** Names; the first owns the guild. */
  readonly people?: readonly [string, ...string[]];
  readonly channels?: readonly ChannelOptions[];
}

/** What can be changed while the fake runs. */
export interface Settings {
  /** How long calls take, half of it before they are applied, in milliseconds. */
  latencyMs: number;
  /** How far Discord's clock is ahead of this machine's, in milliseconds; seen in `Date` alone. */
  clockAheadMs: number;
  /** For how long an enforced nonce brings the same message again, in milliseconds. */
  nonceLastsMs: number;
  /** How often a message may be edited once it is old: `most` times in `perMs` milliseconds. */
  oldEdits: { readonly afterMs: number; readonly most: number; readonly perMs: number };
  /** In one guild. */
  mostActiveThreads: number;
}

export interface DiscordFakeOptions extends Partial<Settings> {
  /** One by default, see `usual`. */
  readonly guilds?: readonly GuildOptions[];
  readonly token?: string;
  /** Parley by default. */
  readonly botName?: string;
  /** The privileged intent is switched on in the portal; true by default. */
  readonly messageContent?: boolean;
  readonly limits?: LimitOptions | 'off';
  readonly gateway?: GatewayOptions;
}

/** Who and what a guild has, unless told otherwise. */
export const defaults = {
  people: ['Ada', 'Ben', 'Cem'],
  channels: [
    { name: 'general' },
    { name: 'projects' },
    { name: 'news', kind: 'announcement' },
    { name: 'lounge', kind: 'voice' },
    { name: 'help', kind: 'forum' },
    { name: 'hidden', deny: ['ViewChannel'] },
    { name: 'read-only', deny: ['SendMessages', 'SendMessagesInThreads', 'CreatePublicThreads'] },
  ],
} as const satisfies Omit<GuildOptions, 'name'>;

/** The settings, with Discord's own figures where they are known and none are given. */
export function settingsOf(options: DiscordFakeOptions): Settings {
  return {
    latencyMs: options.latencyMs ?? 0,
    clockAheadMs: options.clockAheadMs ?? 0,
    nonceLastsMs: options.nonceLastsMs ?? 180_000,
    oldEdits: options.oldEdits ?? { afterMs: 3_600_000, most: 10, perMs: 3_600_000 },
    mostActiveThreads: options.mostActiveThreads ?? 1_000,
  };
}
