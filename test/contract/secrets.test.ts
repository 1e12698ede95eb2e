import { inject } from 'vitest';
import { quotasInRedis, quotasInSqlite } from './open-counting.ts';
import { secretsContract } from './secrets.ts';

secretsContract('SQLite', quotasInSqlite);
secretsContract(
  'Redis',
  quotasInRedis(() => inject('redisUrl')),
);
