import type { Redis } from 'ioredis';
import { BadConfiguration } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from './connection.ts';
import { bare } from './errors.ts';
import type { Keys } from '../keys.ts';
import { readOnly } from './startup-errors.ts';
import type { Target } from './redis-url.ts';

/** Scripts need `ZADD LT`. */
const oldest = { major: 6, minor: 2 };

/**
 * Looks whether this Redis will do: new enough, writable, open to our user. Throws
 * `BadConfiguration` if not, and warns if it may lose what it is given.
 */
export async function inspect(
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
  // What a person may do is only known by doing it: a script, and with it a write.
  await connection.run('acquire-lock', keys.ofRole('start'), { owner: 'start', leaseMs: 1_000 });
}

async function warnOfEviction(node: Redis, target: Target, log: Log): Promise<void> {
  let policy: string | undefined;
  try {
    const found: unknown = await node.config('GET', 'maxmemory-policy');
    if (Array.isArray(found)) policy = String(found[1]);
  } catch (error) {
    // Many hosted ones do not tell.
    log.debug({ err: bare(error) }, 'redis does not tell its maxmemory-policy');
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
