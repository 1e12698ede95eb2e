import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import { Operator, type Orders } from '../core/instances/operator.ts';
import type { Log } from '../core/ports/log.ts';
import { scopedLog } from '../core/scoped-log.ts';
import { createLog } from '../log.ts';
import { openStore } from '../wiring/store.ts';
import { controlPath } from '../server/operator-socket.ts';
import { filesIn } from '../stores/sqlite/connection/data-folder.ts';
import { isListening, ordersAt } from './operator-client.ts';

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
    const folder = resolve(config.DATA_DIR);
    const path = controlPath(folder);
    if (path !== undefined && (await isListening(path))) return use(ordersAt(path));
    ensureStarted(folder);
  }
  const log = withoutAdvice(
    createLog({ level: 'warn', secrets: config.secrets, readable: true, beside: true }),
  );
  const late = new StoreUnavailable('away', 'Redis does not answer; try again later');
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(late), patienceMs);
  const opened = openStore(config, log, patience.signal, { evenFull: true }).finally(() =>
    clearTimeout(timer),
  );
  const { store, usage: book, secrets } = await opened;
  try {
    return await use(new Operator({ store, book, secrets }));
  } finally {
    await store.close();
  }
}

/** Else an empty store would be made here, and tell that there is nothing. */
function ensureStarted(folder: string): void {
  if (existsSync(filesIn(folder).databasePath)) return;
  throw new BadConfiguration(
    `Parley has not been started with the data folder ${folder}. Run this in the folder that it is started in, with the same settings, such as DATA_DIR or REDIS_URL.`,
  );
}

/** How Redis is set is for a start and the doctor to tell, not for every command. */
function withoutAdvice(log: Log): Log {
  const warn: Log['warn'] = (fields, event) => {
    if (!event.startsWith('redis may ')) log.warn(fields, event);
  };
  return { ...scopedLog(log, {}), warn };
}
