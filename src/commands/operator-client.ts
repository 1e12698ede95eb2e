import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import { fieldsOf, textOf } from '../core/foreign-data.ts';
import { type Order, type Orders, orders } from '../core/instances/operator.ts';

/** No order takes longer, in milliseconds. */
const timeoutMs = 30_000;

/** The operator's orders, carried out by the process that listens there. */
export function ordersAt(path: string, patienceMs = timeoutMs): Orders {
  const sent = orders.map((order): [Order, (...inputs: unknown[]) => Promise<unknown>] => [
    order,
    (...inputs) => send(path, order, inputs, patienceMs),
  ]);
  return Object.fromEntries(sent) as unknown as Orders;
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
        throw gone(cause);
    }
  } finally {
    socket.destroy();
  }
}

async function send(
  path: string,
  order: Order,
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
    if (!signal.aborted) throw gone(cause);
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
function gone(cause: unknown): StoreUnavailable {
  const code = codeOf(cause) ?? 'no answer';
  return new StoreUnavailable('away', `Parley ended meanwhile (${code}); try again`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return textOf(fieldsOf(error)['code']);
}
