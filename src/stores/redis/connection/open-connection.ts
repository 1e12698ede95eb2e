// Tested by test/integration/redis-start.test.ts
import { Redis } from 'ioredis';
import { wait } from '../../../core/timing.ts';
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from './connection.ts';
import { allPartitions, type Keys } from '../keys.ts';
import { describeWait, readOnly, unusableReason, withoutCommand } from './errors.ts';
import type { Target } from './redis-url.ts';

/** Time between two tries, in milliseconds. */
const retryMs = 20;
/** Time until the wait is logged for the first time, and between later lines, in milliseconds. */
const firstLogMs = 1_000;
const logEveryMs = 5_000;

interface OpenOptions {
  /** Writes that come before all others. */
  readonly prepare?: () => Promise<void>;
  /** Accepts a Redis that refuses writes, so that people can see why. */
  readonly evenFull?: boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Waits until Redis answers, however long, and logs that; then checks that it is suitable: it lets
 * our user in, takes writes, is new enough, and keeps what it is given. Throws `BadConfiguration`
 * with what to do where waiting cannot help, or the signal's reason; the connection is then closed.
 */
export async function openConnection(
  connection: Connection,
  target: Target,
  keys: Keys,
  { prepare, evenFull = false, signal, log }: OpenOptions,
): Promise<void> {
  const { client } = connection;
  const startedAt = performance.now();
  let nextLogAt = startedAt + firstLogMs;
  let last: unknown = new Error('no answer');
  const note = (error: unknown): void => {
    if (!isLost(error)) last = rootOf(error);
  };
  client.on('error', note);
  client.on('node error', note);
  // Some tries to connect never end by themselves.
  client.connect().catch(note);
  try {
    for (;;) {
      const final = unusableReason(last, target);
      if (final !== undefined) throw final;
      if (client.status === 'ready') {
        try {
          await checkRequirements(connection, target, keys, log);
          await prepare?.();
          return;
        } catch (error) {
          if (error instanceof BadConfiguration) throw error;
          if (evenFull && error instanceof StoreUnavailable && error.trouble !== undefined) return;
          note(error);
        }
      }
      const now = performance.now();
      if (now >= nextLogAt) {
        nextLogAt = now + logEveryMs;
        const loads = await isLoading(connection, note);
        const waitedMs = Math.round(now - startedAt);
        const { who, how, ...remedy } = describeWait(last, target, loads);
        const fields = { redis: target.name, waitedMs, ...remedy };
        log.warn(fields, `waiting for ${who}, which ${how}`);
      }
      await wait(retryMs, signal);
    }
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    client.off('error', note);
    client.off('node error', note);
  }
}

/** Asks the server: while it loads its data the client is not ready, and does not say why. */
async function isLoading({ client }: Connection, note: (error: unknown) => void): Promise<boolean> {
  if (!(client instanceof Redis) || client.status !== 'connect') return false;
  try {
    return /^loading:1/m.test(await client.info('persistence'));
  } catch (error) {
    note(error);
    return false;
  }
}

/** Whether an error only says that the connection was lost, and not why. */
function isLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    !error.message.startsWith('All sentinels') &&
    /Connection is closed|startup nodes|Stream isn't writeable/.test(error.message)
  );
}

/** The error of Redis itself, below those that wrap it. */
function rootOf(error: unknown): unknown {
  if (error instanceof StoreUnavailable && error.cause !== undefined) return rootOf(error.cause);
  if (error instanceof Error && 'lastNodeError' in error) return error.lastNodeError ?? error;
  return error;
}

/** Scripts need `ZADD LT`. */
const oldest = { major: 6, minor: 2 };

/**
 * Checks that this Redis is new enough, writable, and open to our user. Throws `BadConfiguration` if
 * not, and warns if it may lose data.
 */
async function checkRequirements(
  connection: Connection,
  target: Target,
  keys: Keys,
  log: Log,
): Promise<void> {
  const { client, cluster } = connection;
  const nodes: Redis[] = 'nodes' in client ? client.nodes('master') : [client];
  for (const node of nodes) {
    const info = await node.info();
    const [major = 0, minor = 0] = (field(info, 'redis_version') ?? '').split('.').map(Number);
    if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
      throw new BadConfiguration(
        `Redis at ${target.name} is version ${major}.${minor}. Parley needs ${oldest.major}.${oldest.minor} or newer.`,
      );
    }
    if (!cluster && field(info, 'cluster_enabled') === '1') {
      throw new BadConfiguration(
        `Redis at ${target.name} is part of a cluster. Write redis+cluster:// in REDIS_URL.`,
      );
    }
    if (field(info, 'role') === 'slave') throw readOnly(target);
    if (field(info, 'aof_enabled') === '0') {
      log.warn(
        { redis: target.name },
        'redis may lose the last messages when it is killed: set appendonly yes',
      );
    }
    await warnOfEviction(node, target, log);
  }
  // Only a try shows what our user may do: a script, and with it a write.
  const args = { owner: 'start', leaseMs: 1_000 };
  await connection.runScript('acquire-lock', keys.ofRole('start'), args);
}

async function warnOfEviction(node: Redis, target: Target, log: Log): Promise<void> {
  let policy: string | undefined;
  try {
    const found: unknown = await node.config('GET', 'maxmemory-policy');
    if (Array.isArray(found)) policy = String(found[1]);
  } catch (error) {
    // Many hosted servers refuse CONFIG.
    log.debug({ err: withoutCommand(error) }, 'redis does not tell its maxmemory-policy');
  }
  if (policy === undefined || policy === 'noeviction') return;
  log.warn(
    { redis: target.name, policy },
    'redis may drop conversations when its memory is full: set maxmemory-policy noeviction',
  );
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

/**
 * Notes in each partition which run of the Redis server it is on, before anything is written there.
 * A server that was restarted, or took another one's place, is recognised by that, and with it the
 * turns that may have been begun before.
 */
export async function noteServerRuns(connection: Connection, keys: Keys): Promise<void> {
  await Promise.all(
    allPartitions.map((at) => connection.runScript('note-restart', keys.ofPartition(at))),
  );
}
