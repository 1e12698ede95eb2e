import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  openRedisStore,
  type RedisStore,
  type RedisStoreOptions,
} from '../../src/stores/redis/redis-store.ts';
import { recordingLog, type LoggedEvent } from '../fakes/recording-log.ts';
import { startRedis, type RedisServer, type RedisServerOptions } from './server.ts';

export interface OpenedRedis {
  readonly store: RedisStore;
  readonly prefix: string;
  readonly logged: readonly LoggedEvent[];
}

/** A Redis of the test's own, which goes with it. */
export async function ownRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

/** A store with a prefix of its own, unless given one; it goes with the test. */
export async function openStore(
  url: string,
  options: Partial<RedisStoreOptions> = {},
): Promise<OpenedRedis> {
  const log = recordingLog();
  const prefix = options.prefix ?? `test-${randomUUID()}`;
  const store = await openRedisStore({ url, prefix, retentionMs: 1e12, log, ...options });
  onTestFinished(() => store.close());
  return { store, prefix, logged: log.events };
}

/** The one key of this kind that a test's store has. */
export async function keyOf(server: RedisServer, prefix: string, name: string): Promise<string> {
  const found = await server.client().keys(`${prefix}:{*}:${name}:*`);
  if (found.length !== 1) throw new Error(`${found.length} keys are ${name}`);
  return found[0]!;
}
