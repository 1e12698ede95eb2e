import { inject } from 'vitest';
import { quotasInRedis, quotasInSqlite } from '../quotas/open-quotas.ts';
import { secretsContract } from './secrets-contract.ts';

secretsContract('SQLite', quotasInSqlite);
secretsContract(
  'Redis',
  quotasInRedis(() => inject('redisUrl')),
);
