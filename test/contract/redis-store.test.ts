import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { readableLog } from '../fakes/log.ts';
import type { OpenedStore, StoreSettings } from './store-fixture.ts';
import { storeContract } from './store.ts';

async function open(settings: StoreSettings): Promise<OpenedStore> {
  const stores: Store[] = [];
  const prefix = `test-${randomUUID()}`;
  const openAgain = async (): Promise<Store> => {
    const store = await openRedisStore({
      url: inject('redisUrl'),
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

storeContract('Redis', open);
