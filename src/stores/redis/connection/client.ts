import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { codeOf } from './errors.ts';
import type { Address, Target } from './redis-url.ts';

export type Client = Redis | Cluster;

/** How long a connection may take to be made, in milliseconds. */
const connectTimeoutMs = 3_000;
const longestRetryMs = 1_000;

/**
 * A client that reconnects for ever, keeps nothing in line while it is away, and never sends a
 * command a second time by itself: how long to wait, and what to repeat, is `Connection`'s to say.
 */
export function createClient(target: Target, silenceMs: number): Client {
  const shared = {
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls === undefined ? {} : { tls: { ...target.tls } }),
    connectTimeout: connectTimeoutMs,
    // A server that hangs is given up, so that its successor can be found.
    socketTimeout: silenceMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    connectionName: 'parley',
    // After a failover the old primary says READONLY until it is left.
    reconnectOnError: (error: Error) => codeOf(error) === 'READONLY',
  } satisfies RedisOptions;
  const alone = {
    ...shared,
    db: target.db,
    enableOfflineQueue: false,
    lazyConnect: true,
    retryStrategy: reconnectDelayMs,
  } satisfies RedisOptions;
  switch (target.kind) {
    case 'alone':
      return new Redis({ ...alone, ...only(target.addresses) });
    case 'sentinel':
      return new SentinelClient({
        ...alone,
        sentinels: [...target.addresses],
        ...(target.primary === undefined ? {} : { name: target.primary }),
        sentinelRetryStrategy: reconnectDelayMs,
        sentinelCommandTimeout: connectTimeoutMs,
        failoverDetector: true,
        ...(target.tls === undefined
          ? {}
          : { enableTLSForSentinelMode: true, sentinelTLS: { ...target.tls } }),
        ...(target.sentinelUsername === undefined
          ? {}
          : { sentinelUsername: target.sentinelUsername }),
        ...(target.sentinelPassword === undefined
          ? {}
          : { sentinelPassword: target.sentinelPassword }),
      });
    case 'cluster':
    default:
      return new Cluster([...target.addresses], {
        enableOfflineQueue: false,
        lazyConnect: true,
        clusterRetryStrategy: reconnectDelayMs,
        slotsRefreshTimeout: connectTimeoutMs,
        redisOptions: shared,
      });
  }
}

/**
 * Behind sentinels. A failover that is announced while a connection is being made ends the
 * library's client for good: this one begins again, until it is told to end.
 */
class SentinelClient extends Redis {
  #isTold = false;

  constructor(options: RedisOptions & { replyMapping?: never }) {
    super(options);
    this.on('end', () => setTimeout(() => this.#beginAgain(), reconnectDelayMs(0)));
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#isTold = true;
    super.disconnect(reconnect);
  }

  #beginAgain(): void {
    if (this.#isTold) return;
    this.connect().catch((error: unknown) => this.emit('error', error));
  }
}

function only(addresses: readonly Address[]): Address {
  const [first] = addresses;
  if (first === undefined) throw new Error('an address of Redis is missing');
  return first;
}

/** How long to wait before the next try to connect. Not all instances come back at once. */
function reconnectDelayMs(times: number): number {
  return Math.min(longestRetryMs, 25 * 2 ** Math.min(times, 10)) * (0.75 + Math.random() / 2);
}
