/** What a payload is about, in both directions. */
export const op = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  presence: 3,
  voiceState: 4,
  resume: 6,
  reconnect: 7,
  requestMembers: 8,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
  requestSounds: 31,
} as const;

/** Why the gateway closes a connection. */
export const closeCode = {
  unknownOpcode: 4001,
  decodeError: 4002,
  notAuthenticated: 4003,
  authenticationFailed: 4004,
  alreadyAuthenticated: 4005,
  invalidSeq: 4007,
  rateLimited: 4008,
  sessionTimedOut: 4009,
  invalidShard: 4010,
  shardingRequired: 4011,
  invalidVersion: 4012,
  invalidIntents: 4013,
  disallowedIntents: 4014,
} as const;

/** A client that closes with one of these is done: its session ends and it shows as offline. */
const sessionEndingClientCodes = new Set([1000, 1001]);

/** After these the gateway does not let the session go on. */
const sessionEndingGatewayCodes = new Set<number>([
  closeCode.authenticationFailed,
  closeCode.invalidSeq,
  closeCode.sessionTimedOut,
  closeCode.invalidShard,
  closeCode.shardingRequired,
  closeCode.invalidVersion,
  closeCode.invalidIntents,
  closeCode.disallowedIntents,
]);

export function endsSession(code: number, by: 'client' | 'gateway'): boolean {
  return (by === 'client' ? sessionEndingClientCodes : sessionEndingGatewayCodes).has(code);
}

/** Something that goes over the wire. */
export interface Payload {
  readonly op: number;
  readonly d?: unknown;
  readonly s?: number;
  readonly t?: string;
}

/** Something that happened in Discord, on its way to the sessions that may hear of it. */
export interface DispatchedEvent {
  /** Such as `MESSAGE_CREATE`. */
  readonly t: string;
  readonly d: object;
  /** Undefined for direct messages. */
  readonly guildId: string | undefined;
  readonly channelId: string | undefined;
}

/** A bot's share of the guilds: which of how many. */
export type Shard = readonly [id: number, count: number];

/** Whether a shard is told of this guild; what belongs to none goes to the first shard. */
export function isOnShard(shard: Shard, guildId: string | undefined): boolean {
  const [id, count] = shard;
  if (guildId === undefined) return id === 0;
  return Number((BigInt(guildId) >> 22n) % BigInt(count)) === id;
}
