// Tested by test/integration/commands.test.ts
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
import { hasStore, openStore } from '../wiring/store.ts';
import { operatorSocketPath } from '../server/operator-socket.ts';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { asRecord, asText } from '../core/foreign-data.ts';

/** Longest wait for a Redis that does not answer, in ms. */
const patienceMs = 15_000;

/**
 * Runs operator commands against the configured service, running or not: through Redis, through the
 * running process that holds the data folder, or else on the data folder itself.
 *
 * @throws BadConfiguration and StoreUnavailable, with a remedy
 */
export async function withService<T>(use: (commands: OperatorCommands) => Promise<T>): Promise<T> {
  const config = readConfig();
  if (config.REDIS_URL === undefined) {
    const folder = resolve(config.DATA_DIR);
    const path = operatorSocketPath(folder);
    if (path !== undefined && (await isListening(path))) return use(commandsOver(path));
    ensureStarted(folder);
  }
  const log = withoutRedisAdvice(
    createLog({ level: 'warn', secrets: config.secrets, readable: true, toStderr: true }),
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

/** Throws if the data folder has no store, as opening would create an empty one. */
function ensureStarted(folder: string): void {
  if (hasStore(folder)) return;
  throw new BadConfiguration(
    `Parley has not been started with the data folder ${folder}. Run this in the folder that it is started in, with the same settings, such as DATA_DIR or REDIS_URL.`,
  );
}

/** A log without the warnings about Redis' settings, which the start and the doctor give. */
function withoutRedisAdvice(log: Log): Log {
  const warn: Log['warn'] = (fields, event) => {
    if (!event.startsWith('redis may ')) log.warn(fields, event);
  };
  return { ...scopedLog(log, {}), warn };
}

/** Longest time of a command, in ms. */
const timeoutMs = 30_000;

/** Operator commands, run by the process that listens on a socket. */
export function commandsOver(path: string, patienceMs = timeoutMs): OperatorCommands {
  const sent = operatorCommands.map(
    (command): [OperatorCommand, (...inputs: unknown[]) => Promise<unknown>] => [
      command,
      (...inputs) => send(path, command, inputs, patienceMs),
    ],
  );
  return Object.fromEntries(sent) as unknown as OperatorCommands;
}

/** Whether a process listens on a socket. Throws `BadConfiguration` without permission to connect. */
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
  command: OperatorCommand,
  inputs: readonly unknown[],
  patienceMs: number,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(patienceMs);
  const outgoing = request(
    {
      socketPath: path,
      path: `/${command}`,
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

/** The error of a process that ended during the call. */
function endedMeanwhile(cause: unknown): StoreUnavailable {
  const code = codeOf(cause) ?? 'no answer';
  return new StoreUnavailable('away', `Parley ended meanwhile (${code}); try again`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return asText(asRecord(error)['code']);
}
