import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { FakeBudgets } from '../fakes/budgets.ts';
import { readableLog } from '../fakes/log.ts';
import { budgetsContract } from './budgets.ts';

budgetsContract('Redis', async () => {
  const url = inject('redisUrl');
  const prefix = `test-${randomUUID()}`;
  const client = new Redis(url);
  const store = await openRedisStore({
    url,
    prefix,
    retentionMs: 1e13,
    log: readableLog(),
  });
  return {
    budgets: store.budgets,
    lose: async () => client.del(await client.keys(`${prefix}:*`)),
    async dispose() {
      client.disconnect();
      await store.close();
    },
  };
});

budgetsContract('a fake', () => {
  const budgets = new FakeBudgets();
  const lose = () => Promise.resolve(budgets.lose());
  return Promise.resolve({ budgets, lose, dispose: () => Promise.resolve() });
});
