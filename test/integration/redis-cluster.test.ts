import { afterAll, beforeAll } from 'vitest';
import { budgetsContract } from '../contract/budgets/budgets-contract.ts';
import { budgetsInRedis } from '../contract/budgets/open-budgets.ts';
import { quotasInRedis } from '../contract/quotas/open-quotas.ts';
import { redisAt } from '../contract/store/open-redis.ts';
import { quotasContract } from '../contract/quotas/quotas-contract.ts';
import { storeContract } from '../contract/store/store-contract.ts';
import { startCluster, type RedisCluster } from '../redis/cluster.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(3);
});
afterAll(() => cluster.stop());

storeContract(
  'Redis Cluster',
  redisAt(() => cluster.url),
);

budgetsContract(
  'Redis Cluster',
  budgetsInRedis(
    () => cluster.url,
    () => cluster.nodes.map((node) => node.client()),
  ),
);

quotasContract(
  'Redis Cluster',
  quotasInRedis(() => cluster.url),
);
