import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { FakeBudgetAllocator } from '../../fakes/fake-budget-allocator.ts';
import { budgetsContract } from './budgets-contract.ts';
import { budgetsInRedis } from './open-budgets.ts';

budgetsContract(
  'Redis',
  budgetsInRedis(
    () => inject('redisUrl'),
    () => [new Redis(inject('redisUrl'))],
  ),
);

budgetsContract('a fake', () => {
  const budgets = new FakeBudgetAllocator();
  const lose = () => Promise.resolve(budgets.lose());
  return Promise.resolve({ budgets, lose, dispose: () => Promise.resolve() });
});
