import { resolve } from 'node:path';
import type { Config } from './config.ts';
import type { SharedBudgets } from './core/ports/budgets.ts';
import type { Log } from './core/ports/log.ts';
import type { Store } from './core/ports/store.ts';
import { openSqliteStore } from './stores/sqlite/sqlite-store.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** A call that its owner made at the last moment has ended before a turn is taken over. */
const takeoverGraceMs = 8_000;

/**
 * Redis where it is configured, for any number of instances; else a file for this process alone.
 *
 * @throws BadConfiguration with what to do about it
 */
export async function openStore(
  config: Pick<Config, 'REDIS_URL' | 'REDIS_PREFIX' | 'DATA_DIR' | 'HISTORY_DAYS'>,
  log: Log,
): Promise<{ store: Store; storeName: string; budgets?: SharedBudgets }> {
  const retentionMs = config.HISTORY_DAYS * dayMs;
  if (config.REDIS_URL !== undefined) {
    const { openRedisStore } = await import('./stores/redis/redis-store.ts');
    const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
    const store = await openRedisStore({ url, prefix, retentionMs, takeoverGraceMs, log });
    return { store, storeName: store.name, budgets: store.budgets };
  }
  const folder = resolve(config.DATA_DIR);
  return {
    store: await openSqliteStore({ folder, retentionMs }),
    storeName: `sqlite in ${folder}`,
  };
}
