import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedisStore, type RedisStore } from '../../../src/stores/redis/redis-store.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import type { OpenedQuotas } from './quotas-contract.ts';

export async function quotasInSqlite(): Promise<OpenedQuotas> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-quotas-'));
  const openAgain = () => openSqliteStore({ folder, retentionMs: 1e13 });
  let store = await openAgain();
  return {
    store,
    async again() {
      await store.close();
      return (store = await openAgain());
    },
    async dispose() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

export function quotasInRedis(urlOf: () => string): () => Promise<OpenedQuotas> {
  return async () => {
    const prefix = `test-${randomUUID()}`;
    const stores: RedisStore[] = [];
    const openAgain = async (): Promise<RedisStore> => {
      const log = recordingLog();
      const store = await openRedisStore({ url: urlOf(), prefix, retentionMs: 1e13, log });
      stores.push(store);
      return store;
    };
    return {
      store: await openAgain(),
      again: openAgain,
      async dispose() {
        await Promise.all(stores.map((store) => store.close()));
      },
    };
  };
}
