// Tested by test/unit/app.test.ts
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { BudgetAllocator } from '../core/ports/budgets.ts';
import type { Log } from '../core/ports/log.ts';
import type { QuotaMeters, UsageBook } from '../core/ports/usage.ts';
import type { Secrets, Store } from '../core/ports/store.ts';
import { filesIn } from '../stores/sqlite/connection/data-folder.ts';
import { openSqliteStore } from '../stores/sqlite/sqlite-store.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** Time between the end of a lease and a takeover, in ms, in which the owner's last call ends. */
const takeoverGraceMs = 8_000;

interface OpenedStore {
  readonly store: Store;
  /** Its place, for people and logs. */
  readonly storeName: string;
  /** Budgets shared between instances; only in a shared store. */
  readonly budgets?: BudgetAllocator;
  readonly meters: QuotaMeters;
  readonly usage: UsageBook;
  readonly secrets: Secrets;
}

/**
 * Opens the store: Redis if configured, for any number of instances, else SQLite for this process.
 * Waits for a Redis that does not answer until the signal aborts; also for one that accepts no
 * writes, unless `evenFull`.
 *
 * @throws BadConfiguration with a remedy, or the signal's reason
 */
export async function openStore(
  config: Pick<Config, 'REDIS_URL' | 'REDIS_PREFIX' | 'DATA_DIR' | 'HISTORY_DAYS' | 'USAGE_DAYS'>,
  log: Log,
  signal: AbortSignal,
  { evenFull = false }: { evenFull?: boolean } = {},
): Promise<OpenedStore> {
  const retentionMs = config.HISTORY_DAYS * dayMs;
  const usageMs = config.USAGE_DAYS * dayMs;
  if (config.REDIS_URL !== undefined) {
    const { openRedisStore } = await import('../stores/redis/redis-store.ts');
    const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
    const times = { retentionMs, usageMs, takeoverGraceMs };
    const store = await openRedisStore({ url, prefix, ...times, evenFull, signal, log });
    const { name: storeName, budgets, meters, usage, secrets } = store;
    return { store, storeName, budgets, meters, usage, secrets };
  }
  const folder = resolve(config.DATA_DIR);
  const store = await openSqliteStore({ folder, retentionMs, usageMs });
  const { meters, usage, secrets } = store;
  return { store, storeName: `sqlite in ${folder}`, meters, usage, secrets };
}

/** Whether a data folder has a store already: opening one would create it. */
export function hasStore(folder: string): boolean {
  return existsSync(filesIn(folder).databasePath);
}
