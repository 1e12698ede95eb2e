import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { SharedBudgets } from '../../src/core/ports/budgets.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { readableLog } from '../fakes/log.ts';

export interface OpenedBudgets {
  readonly budgets: SharedBudgets;
  /** Loses all that is known. */
  lose(): Promise<unknown>;
  dispose(): Promise<void>;
}

export type OpenBudgets = () => Promise<OpenedBudgets>;

/** Opens budgets in the Redis at `url()`, each test's with a prefix of its own; `nodes`: all of it. */
export function budgetsInRedis(url: () => string, nodes: () => readonly Redis[]): OpenBudgets {
  return async () => {
    const prefix = `test-${randomUUID()}`;
    const log = readableLog();
    const store = await openRedisStore({ url: url(), prefix, retentionMs: 1e13, log });
    const clients = nodes();
    return {
      budgets: store.budgets,
      async lose() {
        for (const client of clients) {
          for (const key of await client.keys(`${prefix}:*`)) await client.del(key);
        }
      },
      async dispose() {
        for (const client of clients) client.disconnect();
        await store.close();
      },
    };
  };
}
