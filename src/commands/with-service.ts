import type { OperatorCommands } from '../core/instances/operator.ts';

/** See `reach.ts`, which is loaded only now: help needs none of it, and it starts faster. */
export async function withService<T>(use: (orders: OperatorCommands) => Promise<T>): Promise<T> {
  const reach = await import('./connect-operator.ts');
  return reach.withService(use);
}
