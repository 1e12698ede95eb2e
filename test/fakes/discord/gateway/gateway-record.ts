import type { Shard } from './protocol.ts';

/** What the gateway saw; all times on `performance.now()`. */
export class GatewayRecord {
  readonly identifies: {
    readonly at: number;
    readonly shard: Shard;
    readonly intents: number;
    /** `ready`, or why there is no session: a close code, or `invalid` for an op 9. */
    readonly outcome: 'ready' | 'invalid' | number;
    readonly session: string | undefined;
  }[] = [];
  readonly resumes: {
    readonly at: number;
    readonly session: string;
    readonly seq: number;
    readonly outcome: 'resumed' | 'invalid' | number;
    /** Events that were sent again. */
    readonly replayed: number;
  }[] = [];
  readonly heartbeats: {
    readonly at: number;
    readonly session: string | undefined;
    readonly seq: number | null;
    readonly acked: boolean;
  }[] = [];
  readonly closes: {
    readonly at: number;
    /** 1006 is a connection that broke off. */
    readonly code: number;
    readonly by: 'client' | 'gateway';
    readonly session: string | undefined;
  }[] = [];
  readonly events: {
    readonly at: number;
    readonly t: string;
    readonly channelId: string | undefined;
    /** Sessions that were sent it, or will be if they resume; none: nobody will ever hear of it. */
    readonly sessions: number;
    /** Those of them that were disconnected just then. */
    readonly kept: number;
  }[] = [];
  /** Connections that were turned away. */
  refused = 0;
}
