import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { storeContract } from '../contract/store.ts';
import type { OpenedStore, StoreSettings } from '../contract/store-fixture.ts';
import { readableLog } from '../fakes/log.ts';
import { startCluster, type RedisCluster } from '../redis/cluster.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(3);
});
afterAll(() => cluster.stop());

async function open(settings: StoreSettings): Promise<OpenedStore> {
  const stores: Store[] = [];
  const prefix = `test-${randomUUID()}`;
  const openAgain = async (): Promise<Store> => {
    const store = await openRedisStore({
      url: cluster.url,
      prefix,
      retentionMs: 1e13,
      log: readableLog(),
      ...settings,
    });
    stores.push(store);
    return store;
  };
  return {
    store: await openAgain(),
    beside: openAgain,
    reopen: openAgain,
    async dispose() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

storeContract('Redis Cluster', open);
