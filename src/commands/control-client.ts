import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { StoreUnavailable } from '../core/errors.ts';
import { type Order, type Orders, orders } from '../core/operator.ts';

/** No order takes longer, in milliseconds. */
const timeoutMs = 30_000;

/** The operator's orders, carried out by the process that listens there. */
export function ordersAt(path: string): Orders {
  const sent = orders.map((order): [Order, (...inputs: unknown[]) => Promise<unknown>] => [
    order,
    (...inputs) => send(path, order, inputs),
  ]);
  return Object.fromEntries(sent) as unknown as Orders;
}

/** Whether somebody listens there. */
export async function isListening(path: string): Promise<boolean> {
  try {
    await send(path, 'turns', []);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return false;
    throw error;
  }
}

async function send(path: string, order: Order, inputs: readonly unknown[]): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request(
    {
      socketPath: path,
      path: `/${order}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    },
    (incoming) => void text(incoming).then(resolve, reject),
  );
  outgoing.on('error', reject);
  outgoing.end(JSON.stringify(inputs));
  const { result, error } = JSON.parse(await promise) as {
    result?: unknown;
    error?: { message: string; kind?: StoreUnavailable['reason'] };
  };
  if (error !== undefined) throw new StoreUnavailable(error.kind ?? 'away', error.message);
  return result ?? undefined;
}
