/** How the gateway behaves; Discord's own figures where none are given. */
export interface GatewaySettings {
  /** Where clients are told to connect to; this fake's own address if absent. */
  url?: string;
  /** How often clients are to send a heartbeat, in milliseconds. */
  heartbeatIntervalMs: number;
  /** How long a disconnected session can be resumed, in milliseconds. */
  resumeWithinMs: number;
  /** How many shards `GET /gateway/bot` recommends. */
  shards: number;
  /** New sessions within 24 h; one more, and the token is reset. */
  identifiesPerDay: number;
  /** How many shards may identify at once... */
  maxConcurrency: number;
  /** ...in so many milliseconds. */
  identifyEveryMs: number;
  /** How much a client may send in 60 s. */
  eventsPerMinute: number;
}

export type GatewayOptions = Partial<GatewaySettings>;

export function gatewaySettingsOf(options: GatewayOptions = {}): GatewaySettings {
  return {
    heartbeatIntervalMs: 41_250,
    resumeWithinMs: 180_000,
    shards: 1,
    identifiesPerDay: 1_000,
    maxConcurrency: 1,
    identifyEveryMs: 5_000,
    eventsPerMinute: 120,
    ...options,
  };
}
