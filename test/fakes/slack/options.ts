import type { ChannelKind } from './channel.ts';
import type { LimitOptions } from './limits.ts';

export interface UserOptions {
  readonly id: string;
  readonly name: string;
  /** Another bot's id, such as `B7`; absent for people. */
  readonly botId?: string;
  /** The organisation of somebody from outside, such as `TX`. */
  readonly team?: string;
}

export interface ChannelOptions {
  readonly id: string;
  readonly name?: string;
  /** By the id's first letter if absent: C public, G private, M several people, D one person. */
  readonly kind?: ChannelKind;
  /** Ids of people; the bot is a member, too, unless `withoutBot`. */
  readonly members?: readonly string[];
  readonly withoutBot?: boolean;
  /** Shared with another organisation. */
  readonly external?: boolean;
}

export interface WorkspaceOptions {
  readonly id: string;
  readonly name?: string;
  /** By default user `U0<team>`, bot `B0<team>`, token `xoxb-<team>`, called Parley. */
  readonly bot?: { readonly user?: string; readonly id?: string; readonly name?: string };
  readonly token?: string;
  /** What the token may do; by default what the manifest asks for. */
  readonly scopes?: readonly string[];
  readonly users?: readonly UserOptions[];
  readonly channels?: readonly ChannelOptions[];
}

/** How Slack brings events again that were not acknowledged; all in milliseconds. */
interface Redelivery {
  ackWithinMs: number;
  /** From one attempt to the next; after the last one the event is lost. */
  retryAfterMs: readonly number[];
}

/** What can be changed while the fake runs. */
export interface Settings {
  redelivery: Redelivery;
  /** How long calls take, half of it before they are applied; jitter from 0 to 1. */
  latency: { readonly medianMs: number; readonly jitter: number };
  /** How far Slack's clock is ahead of this machine's, in milliseconds; seen in `Date` alone. */
  clockAheadMs: number;
  /** Which twin of a mention comes first. */
  mentionEventOrder: 'mention-first' | 'message-first' | 'random';
  /** How long after the first twin the second one sets out, in milliseconds. */
  mentionEventGapMs: number;
  /** Which connection an event goes to. */
  spread: 'round-robin' | 'random';
  /** Slack ends a stream after this long, even one that is being written, in milliseconds. */
  streamLastsMs: number;
  /** What a stream holds, in UTF-8 bytes; never more than 12,000 characters. */
  streamHoldsBytes: number;
  /** A status fades after this long, in milliseconds. */
  statusLastsMs: number;
  /** How often Slack pings a connection, in milliseconds. */
  pingEveryMs: number;
  /** Keep every text that a message read and every call's arguments; off for benches. */
  keepTexts: boolean;
  /** The events that the app has subscribed to. */
  subscriptions: ReadonlySet<string>;
}

export interface SlackFakeOptions extends Partial<Omit<Settings, 'redelivery' | 'latency'>> {
  /** One, T1, by default; see `usual` for who is there. */
  readonly workspaces?: readonly WorkspaceOptions[];
  /** The app's own token, which names its app; by default that of the bot. */
  readonly appToken?: string;
  /** Where clients are told to connect a socket to, such as `wss://slack.invalid`. */
  readonly socketUrl?: string;
  readonly limits?: LimitOptions | 'off';
  readonly redelivery?: Partial<Redelivery>;
  readonly latency?: { readonly medianMs: number; readonly jitter?: number };
}

/** What facts and manifest say this bot asks for. */
const manifestScopes = [
  'app_mentions:read',
  'chat:write',
  'im:history',
  'channels:history',
  'groups:history',
  'mpim:history',
  'users:read',
  'files:read',
  'reactions:write',
  'assistant:write',
];

const everyEvent = [
  'app_mention',
  'message.channels',
  'message.groups',
  'message.im',
  'message.mpim',
  'app_home_opened',
  'member_left_channel',
  'tokens_revoked',
  'app_uninstalled',
];

/** Who and what a workspace has, unless told otherwise. */
export const defaults = {
  scopes: manifestScopes,
  users: [
    { id: 'U1', name: 'Ann' },
    { id: 'U2', name: 'Ben' },
    { id: 'U3', name: 'Cem' },
    { id: 'U7', name: 'Weather', botId: 'B7' },
    { id: 'UX', name: 'Xena', team: 'TX' },
  ],
  channels: [
    { id: 'C1', name: 'general', members: ['U1', 'U2', 'U3', 'U7'] },
    { id: 'C2', name: 'projects', members: ['U1', 'U2', 'U3'] },
    { id: 'C9', name: 'without-bot', members: ['U1', 'U2'], withoutBot: true },
    { id: 'CX', name: 'with-partners', members: ['U1', 'UX'], external: true },
    { id: 'G1', name: 'private', members: ['U1', 'U2'] },
    { id: 'G9', name: 'private-without-bot', members: ['U1'], withoutBot: true },
    { id: 'M1', name: 'mpdm-ann--ben', members: ['U1', 'U2'] },
    { id: 'D1', members: ['U1'] },
    { id: 'D2', members: ['U2'] },
    { id: 'D3', members: ['U3'] },
  ],
} as const satisfies Partial<WorkspaceOptions>;

/** The settings, with Slack's own figures where none are given. */
export function settingsOf(options: SlackFakeOptions): Settings {
  return {
    redelivery: { ackWithinMs: 3_000, retryAfterMs: [0, 60_000, 300_000], ...options.redelivery },
    latency: { medianMs: 0, jitter: 0.3, ...options.latency },
    clockAheadMs: options.clockAheadMs ?? 0,
    mentionEventOrder: options.mentionEventOrder ?? 'mention-first',
    mentionEventGapMs: options.mentionEventGapMs ?? 0,
    spread: options.spread ?? 'round-robin',
    streamLastsMs: options.streamLastsMs ?? 300_000,
    streamHoldsBytes: options.streamHoldsBytes ?? 10_600,
    statusLastsMs: options.statusLastsMs ?? 120_000,
    pingEveryMs: options.pingEveryMs ?? 10_000,
    keepTexts: options.keepTexts ?? true,
    subscriptions: options.subscriptions ?? new Set(everyEvent),
  };
}
