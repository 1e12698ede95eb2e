import { resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { StoreUnavailable } from '../core/errors.ts';
import { Operator, type Orders } from '../core/operator.ts';
import { createLog } from '../log.ts';
import { openStore } from '../open-store.ts';
import { controlPath } from '../server/control.ts';
import { isListening, ordersAt } from './control-client.ts';

/** How long it waits for a Redis that does not answer, in milliseconds. */
const patienceMs = 15_000;

/**
 * Does something with the service that this folder's configuration names, whether it runs or not:
 * through Redis where there is one, through the process that holds the data folder, or else with
 * the folder itself.
 *
 * @throws BadConfiguration and StoreUnavailable, with what to do
 */
export async function withService<T>(use: (orders: Orders) => Promise<T>): Promise<T> {
  const config = readConfig();
  if (config.REDIS_URL === undefined) {
    const path = controlPath(resolve(config.DATA_DIR));
    if (path !== undefined && (await isListening(path))) return use(ordersAt(path));
  }
  const log = createLog({ level: 'warn', secrets: config.secrets, readable: true, beside: true });
  const late = new StoreUnavailable('away', 'Redis does not answer; try again later');
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(late), patienceMs);
  const opened = openStore(config, log, patience.signal).finally(() => clearTimeout(timer));
  const { store, usage: book } = await opened;
  try {
    return await use(new Operator({ store, book }));
  } finally {
    await store.close();
  }
}
