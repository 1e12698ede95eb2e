import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import {
  Operator,
  type OperatorCommand,
  operatorCommands,
  type OperatorCommands,
} from '../core/instances/operator.ts';
import { type Log, scopedLog } from '../core/ports/log.ts';
import { createLog } from '../log.ts';
import { openStore } from '../wiring/store.ts';
import { operatorSocketPath } from '../server/operator-socket.ts';
import { filesIn } from '../stores/sqlite/connection/data-folder.ts';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { asRecord, asText } from '../core/foreign-data.ts';

/** How long it waits for a Redis that does not answer, in milliseconds. */
const patienceMs = 15_000;

/**
 * Does something with the service that this folder's configuration names, whether it runs or not:
 * through Redis where there is one, through the process that holds the data folder, or else with
 * the folder itself.
 *
 * @throws BadConfiguration and StoreUnavailable, with what to do
 */
export async function withService<T>(use: (orders: OperatorCommands) => Promise<T>): Promise<T> {
  const config = readConfig();
  if (config.REDIS_URL === undefined) {
    const folder = resolve(config.DATA_DIR);
    const path = operatorSocketPath(folder);
    if (path !== undefined && (await isListening(path))) return use(ordersOver(path));
    ensureStarted(folder);
  }
  const log = withoutRedisAdvice(
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
function withoutRedisAdvice(log: Log): Log {
  const warn: Log['warn'] = (fields, event) => {
    if (!event.startsWith('redis may ')) log.warn(fields, event);
  };
  return { ...scopedLog(log, {}), warn };
}

/** No order takes longer, in milliseconds. */
const timeoutMs = 30_000;

/** The operator's orders, carried out by the process that listens there. */
export function ordersOver(path: string, patienceMs = timeoutMs): OperatorCommands {
  const sent = operatorCommands.map(
    (order): [OperatorCommand, (...inputs: unknown[]) => Promise<unknown>] => [
      order,
      (...inputs) => send(path, order, inputs, patienceMs),
    ],
  );
  return Object.fromEntries(sent) as unknown as OperatorCommands;
}

/** Whether somebody listens there. Throws `BadConfiguration` where this user may not know. */
export async function isListening(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(path, resolve).on('error', reject);
  try {
    await promise;
    return true;
  } catch (cause) {
    switch (codeOf(cause)) {
      case 'ENOENT':
      case 'ENOTDIR':
      case 'ECONNREFUSED':
        return false;
      case 'EACCES':
      case 'EPERM':
        throw new BadConfiguration(
          `${path} is not open to this user: run this as the user that Parley runs as.`,
          { cause },
        );
      default:
        throw endedMeanwhile(cause);
    }
  } finally {
    socket.destroy();
  }
}

async function send(
  path: string,
  order: OperatorCommand,
  inputs: readonly unknown[],
  patienceMs: number,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(patienceMs);
  const outgoing = request(
    {
      socketPath: path,
      path: `/${order}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      signal,
    },
    (incoming) => void text(incoming).then(resolve, reject),
  );
  outgoing.on('error', reject);
  outgoing.end(JSON.stringify(inputs));
  let answer: string;
  try {
    answer = await promise;
  } catch (cause) {
    if (!signal.aborted) throw endedMeanwhile(cause);
    const words = `Parley runs, but did not answer within ${patienceMs / 1_000} s; see its log`;
    throw new StoreUnavailable('away', words, { cause });
  }
  const { result, error } = JSON.parse(answer) as {
    result?: unknown;
    error?: { message: string; kind?: StoreUnavailable['reason'] };
  };
  if (error !== undefined) throw new StoreUnavailable(error.kind ?? 'away', error.message);
  return result ?? undefined;
}

/** It may have ended in this moment. */
function endedMeanwhile(cause: unknown): StoreUnavailable {
  const code = codeOf(cause) ?? 'no answer';
  return new StoreUnavailable('away', `Parley ended meanwhile (${code}); try again`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return asText(asRecord(error)['code']);
}
