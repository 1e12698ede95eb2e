import { setTimeout as delay } from 'node:timers/promises';
import { BadConfiguration, StoreUnavailable } from '../../core/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Connection } from './connection.ts';
import { inspect } from './inspection.ts';
import type { Keys } from './keys.ts';
import { unreachable, whyNever } from './start-faults.ts';
import type { Target } from './url.ts';

/** Between two looks whether it is there. */
const pauseMs = 20;

/**
 * Waits until Redis answers, and looks whether it will do: it lets us in, writes, is new enough,
 * and keeps what it is given. Throws `BadConfiguration` with what to do; the connection is then
 * closed.
 */
export async function openConnection(
  connection: Connection,
  target: Target,
  keys: Keys,
  { startPatienceMs, log }: { startPatienceMs: number; log: Log },
): Promise<void> {
  const { client } = connection;
  const endsAt = performance.now() + startPatienceMs;
  let last: unknown = new Error('no answer');
  const note = (error: unknown): void => {
    if (!isLost(error)) last = rootOf(error);
  };
  client.on('error', note);
  client.on('node error', note);
  // Some tries to connect never end by themselves.
  client.connect().catch(note);
  try {
    for (;;) {
      const final = whyNever(last, target);
      if (final !== undefined) throw final;
      if (client.status === 'ready') {
        try {
          await inspect(connection, target, keys, log);
          return;
        } catch (error) {
          if (error instanceof BadConfiguration) throw error;
          note(error);
        }
      }
      if (performance.now() > endsAt) throw unreachable(last, target);
      await delay(pauseMs);
    }
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    client.off('error', note);
    client.off('node error', note);
  }
}

/** The loss of a connection says less than what led to it. */
function isLost(error: unknown): boolean {
  return error instanceof Error && /Connection is closed|startup nodes/.test(error.message);
}

/** What Redis itself said, below what was made of it. */
function rootOf(error: unknown): unknown {
  if (error instanceof StoreUnavailable && error.cause !== undefined) return rootOf(error.cause);
  if (error instanceof Error && 'lastNodeError' in error) return error.lastNodeError ?? error;
  return error;
}
