import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { BudgetAllocator } from '../core/ports/budgets.ts';
import type { Log } from '../core/ports/log.ts';
import type { QuotaMeters, UsageBook } from '../core/ports/usage.ts';
import type { Secrets, Store } from '../core/ports/store.ts';
import { openSqliteStore } from '../stores/sqlite/sqlite-store.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** A call that its owner made at the last moment has ended before a turn is taken over. */
const takeoverGraceMs = 8_000;

interface OpenedStore {
  readonly store: Store;
  /** Where it is, for people and logs. */
  readonly storeName: string;
  /** Where other instances may use the same store. */
  readonly budgets?: BudgetAllocator;
  readonly meters: QuotaMeters;
  readonly usage: UsageBook;
  readonly secrets: Secrets;
}

/**
 * Redis where it is configured, for any number of instances; else a file for this process alone.
 * A Redis that does not answer, or that takes no writes and is not opened `evenFull`, is waited for
 * until the signal aborts.
 *
 * @throws BadConfiguration with what to do about it, or the signal's reason
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
