// Tested by test/integration/redis-faults.test.ts
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import { codeOf, isTransient, toStoreError, withoutCommand } from './errors.ts';
import type { NamedKeys } from '../keys.ts';
import {
  type Arg,
  type Args,
  readScript,
  type Script,
  type ScriptName,
  scriptNames,
} from '../lua-scripts.ts';
import type { Address, Target } from './redis-url.ts';

/** Steps that may wait for Redis at the same time; more are refused at once. */
const mostWaiting = 10_000;
/** Time between two tries of a step, in milliseconds. */
const retryDelayMs = 50;

type RunScript = (...inputs: Arg[]) => Promise<unknown>;

export interface ConnectionOptions {
  /** How long a step waits for a Redis that is away, in milliseconds. */
  readonly patienceMs: number;
  /** Arguments of every script that names them, such as how long things are kept. */
  readonly scriptArgs?: Args;
  readonly log: Log;
}

/**
 * Sends commands and scripts. A step that meets a lost connection, a failover or a busy server is
 * tried again until `patienceMs` are over, and then throws `StoreUnavailable`: every script is safe
 * to repeat, as its response may have been lost. Reconnects by itself.
 */
export class Connection {
  readonly client: Client;
  readonly cluster: boolean;
  readonly #scripts: ReadonlyMap<ScriptName, Script>;
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  #up = Promise.withResolvers<void>();
  #isUp = false;
  #wasUp = false;
  #waiting = 0;

  constructor(target: Target, options: ConnectionOptions) {
    this.#options = options;
    this.cluster = target.kind === 'cluster';
    this.#scripts = new Map(scriptNames.map((name) => [name, readScript(name, this.cluster)]));
    this.client = createClient(target, options.patienceMs);
    for (const { name, lua, numberOfKeys } of this.#scripts.values()) {
      this.client.defineCommand(name, { lua, numberOfKeys });
    }
    this.client.on('ready', () => this.#comesUp(target.name));
    this.client.on('close', () => this.#goesDown(target.name));
    this.client.on('error', (error: unknown) => {
      const fields = { err: withoutCommand(error), redis: target.name };
      options.log.debug(fields, 'redis connection failed');
    });
  }

  /** Runs a script: one atomic step, one round trip. */
  runScript(
    name: ScriptName,
    keys: NamedKeys,
    args: Args = {},
    rest: readonly Arg[] = [],
  ): Promise<unknown> {
    const script = this.#scripts.get(name);
    if (script === undefined) throw new Error(`there is no script ${name}`);
    const inputs = script.inputs(keys, { ...this.#options.scriptArgs, ...args }, rest);
    const run = (this.client as unknown as Record<string, RunScript>)[name];
    if (run === undefined) throw new Error(`the script ${name} is not defined`);
    return this.send(() => run.apply(this.client, inputs));
  }

  /** Sends a command that is safe to repeat. */
  async send<T>(command: (client: Client) => Promise<T>): Promise<T> {
    if (this.#waiting >= mostWaiting) {
      throw new StoreUnavailable('away', 'too many steps wait for Redis already');
    }
    const endsAt = performance.now() + this.#options.patienceMs;
    this.#waiting += 1;
    try {
      for (;;) {
        try {
          if (!this.#isUp) await this.#within(endsAt, this.#up.promise);
          this.#refuseIfClosed();
          return await this.#within(endsAt, command(this.client));
        } catch (error) {
          this.#refuseIfClosed(error);
          const isLate = performance.now() + retryDelayMs > endsAt;
          if (isLate || !isTransient(error)) throw toStoreError(error);
          await delay(retryDelayMs);
        }
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Refuses the steps under way, and later ones. */
  close(): void {
    this.#closed.abort();
    this.#up.resolve();
    this.client.disconnect();
  }

  #refuseIfClosed(cause?: unknown): void {
    if (!this.#closed.signal.aborted) return;
    const why = cause === undefined ? {} : { cause: withoutCommand(cause) };
    throw new StoreUnavailable('away', 'the store is closed', why);
  }

  async #within<T>(endsAt: number, step: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new StoreUnavailable('away', 'Redis does not answer in time')),
      Math.max(0, endsAt - performance.now()),
    );
    try {
      return await Promise.race([step, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #comesUp(redis: string): void {
    if (this.#wasUp && !this.#isUp) this.#options.log.info({ redis }, 'redis is back');
    this.#isUp = true;
    this.#wasUp = true;
    this.#up.resolve();
  }

  #goesDown(redis: string): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#up = Promise.withResolvers();
    if (this.#closed.signal.aborted) this.#up.resolve();
    else this.#options.log.warn({ redis }, 'redis is away');
  }
}

export type Client = Redis | Cluster;

/** Time in which a connection must be made, in milliseconds. */
const connectTimeoutMs = 3_000;
/** Longest time between two tries to connect, in milliseconds. */
const longestReconnectMs = 1_000;

/**
 * An ioredis client that reconnects for ever, queues nothing while it is offline, and never sends a
 * command again by itself: `Connection` decides how long to wait and what to repeat.
 */
export function createClient(target: Target, silenceMs: number): Client {
  const shared = {
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls === undefined ? {} : { tls: { ...target.tls } }),
    connectTimeout: connectTimeoutMs,
    // The connection to a server that hangs is closed, so that its successor can be found.
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
 * A client behind sentinels. A failover that is announced while a connection is being made ends
 * ioredis' client for good: this one connects again, until it is disconnected.
 */
class SentinelClient extends Redis {
  #isDisconnected = false;

  constructor(options: RedisOptions & { replyMapping?: never }) {
    super(options);
    this.on('end', () => setTimeout(() => this.#connectAgain(), reconnectDelayMs(0)));
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#isDisconnected = true;
    super.disconnect(reconnect);
  }

  #connectAgain(): void {
    if (this.#isDisconnected) return;
    this.connect().catch((error: unknown) => this.emit('error', error));
  }
}

function only(addresses: readonly Address[]): Address {
  const [first] = addresses;
  if (first === undefined) throw new Error('an address of Redis is missing');
  return first;
}

/** Delay before the next try to connect, in milliseconds; random, so that not all instances come at once. */
function reconnectDelayMs(times: number): number {
  return Math.min(longestReconnectMs, 25 * 2 ** Math.min(times, 10)) * (0.75 + Math.random() / 2);
}
