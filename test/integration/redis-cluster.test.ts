import { afterAll, beforeAll } from 'vitest';
import { budgetsContract } from '../contract/budgets.ts';
import { budgetsInRedis } from '../contract/open-budgets.ts';
import { quotasInRedis } from '../contract/open-counting.ts';
import { redisAt } from '../contract/open-redis.ts';
import { quotasContract } from '../contract/quotas.ts';
import { storeContract } from '../contract/store.ts';
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
