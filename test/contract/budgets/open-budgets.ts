import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { BudgetAllocator } from '../../../src/core/ports/budgets.ts';
import { RedisBudgetAllocator } from '../../../src/stores/redis/coordination.ts';
import { Connection } from '../../../src/stores/redis/connection/connection.ts';
import { Keys } from '../../../src/stores/redis/keys.ts';
import { openRedisStore } from '../../../src/stores/redis/redis-store.ts';
import { readScript } from '../../../src/stores/redis/lua-scripts.ts';
import { parseRedisUrl } from '../../../src/stores/redis/connection/redis-url.ts';
import { recordingLog } from '../../fakes/recording-log.ts';

export interface OpenedBudgets {
  readonly budgets: BudgetAllocator;
  /** Loses all that is known. */
  lose(): Promise<unknown>;
  dispose(): Promise<void>;
}

/** Whose time it is: Redis' own, or that of `performance.now()` here, which a test moves. */
export type ClockChoice = 'own' | 'here';

export type OpenBudgets = (time: ClockChoice) => Promise<OpenedBudgets>;

/** Opens budgets in the Redis at `url()`, each test's with a prefix of its own; `nodes`: all of it. */
export function budgetsInRedis(url: () => string, nodes: () => readonly Redis[]): OpenBudgets {
  return async (time) => {
    const prefix = `test-${randomUUID()}`;
    const log = recordingLog();
    const store = await openRedisStore({ url: url(), prefix, retentionMs: 1e13, log });
    const timed = time === 'own' ? undefined : timedBudgets(url(), prefix);
    const clients = nodes();
    return {
      budgets: timed?.budgets ?? store.budgets,
      async lose() {
        for (const client of clients) {
          for (const key of await client.keys(`${prefix}:*`)) await client.del(key);
        }
      },
      async dispose() {
        for (const client of clients) client.disconnect();
        timed?.connection.close();
        await store.close();
      },
    };
  };
}

/** The same script with a clock that the test moves, as its last argument; it begins long after zero. */
function timedBudgets(url: string, prefix: string) {
  const connection = new Connection(parseRedisUrl(url), {
    patienceMs: 20_000,
    log: recordingLog(),
  });
  const { lua, numberOfKeys } = readScript('allocate-budgets', connection.cluster);
  const timed = lua.replace("redis.call('TIME')", '{ 1e9, table.remove(ARGV) * 1000 }');
  if (timed === lua) throw new Error('the script takes its time elsewhere');
  const client = connection.client as typeof connection.client & {
    'allocate-budgets'(...inputs: (string | number)[]): Promise<unknown>;
  };
  client.defineCommand('allocate-budgets', { lua: timed, numberOfKeys });
  const allocate = client['allocate-budgets'].bind(client);
  client['allocate-budgets'] = (...inputs) => allocate(...inputs, performance.now());
  void client.connect();
  return { connection, budgets: new RedisBudgetAllocator(connection, new Keys(prefix)) };
}
