import { inject } from 'vitest';
import { redisAt } from './open-redis.ts';
import { storeContract } from './store-contract.ts';

storeContract(
  'Redis',
  redisAt(() => inject('redisUrl')),
);
