import { inject } from 'vitest';
import { redisAt } from './open-redis.ts';
import { storeContract } from './store.ts';

storeContract(
  'Redis',
  redisAt(() => inject('redisUrl')),
);
