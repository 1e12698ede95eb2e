import { randomUUID } from 'node:crypto';
import type { Store } from '../../../src/core/ports/store.ts';
import { openRedisStore } from '../../../src/stores/redis/redis-store.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import type { OpenStore } from './store-fixture.ts';

/** Opens stores in the Redis at `url()`, each test's with a prefix of its own. */
export function redisAt(url: () => string): OpenStore {
  return async (settings) => {
    const stores: Store[] = [];
    const prefix = `test-${randomUUID()}`;
    const openAgain = async (): Promise<Store> => {
      const store = await openRedisStore({
        url: url(),
        prefix,
        retentionMs: 1e13,
        log: recordingLog(),
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
  };
}
