import { Redis } from 'ioredis';
import { wait } from '../../../core/timing.ts';
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from './connection.ts';
import { inspect } from './server-requirements.ts';
import type { Keys } from '../keys.ts';
import { waitingFor, whyNever } from './startup-errors.ts';
import type { Target } from './redis-url.ts';

/** Between two looks whether it is there. */
const pauseMs = 20;
/** How soon, and then how often, the log tells what is waited for, in milliseconds. */
const firstWordMs = 1_000;
const wordEveryMs = 5_000;

interface OpenOptions {
  readonly prepare?: () => Promise<void>;
  /** One that takes no writes will do, as somebody has to see why. */
  readonly evenFull?: boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Waits until Redis answers, as long as that takes, telling the log what it waits for; then looks
 * whether it will do: it lets us in, writes, is new enough, and keeps what it is given; `prepare`
 * is what is to be written first. Throws
 * `BadConfiguration` with what to do where waiting cannot help, or the signal's reason; the
 * connection is then closed.
 */
export async function openConnection(
  connection: Connection,
  target: Target,
  keys: Keys,
  { prepare, evenFull = false, signal, log }: OpenOptions,
): Promise<void> {
  const { client } = connection;
  const startedAt = performance.now();
  let nextWordAt = startedAt + firstWordMs;
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
          await prepare?.();
          return;
        } catch (error) {
          if (error instanceof BadConfiguration) throw error;
          if (evenFull && error instanceof StoreUnavailable && error.trouble !== undefined) return;
          note(error);
        }
      }
      const now = performance.now();
      if (now >= nextWordAt) {
        nextWordAt = now + wordEveryMs;
        const loads = await isLoading(connection, note);
        const waitedMs = Math.round(now - startedAt);
        const { who, how, ...remedy } = waitingFor(last, target, loads);
        const fields = { redis: target.name, waitedMs, ...remedy };
        log.warn(fields, `waiting for ${who}, which ${how}`);
      }
      await wait(pauseMs, signal);
    }
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    client.off('error', note);
    client.off('node error', note);
  }
}

/** Asks itself: the client says nothing while the server reads its data, and is not ready before. */
async function isLoading({ client }: Connection, note: (error: unknown) => void): Promise<boolean> {
  if (!(client instanceof Redis) || client.status !== 'connect') return false;
  try {
    return /^loading:1/m.test(await client.info('persistence'));
  } catch (error) {
    note(error);
    return false;
  }
}

/** The loss of a connection says less than what led to it. */
function isLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    !error.message.startsWith('All sentinels') &&
    /Connection is closed|startup nodes|Stream isn't writeable/.test(error.message)
  );
}

/** What Redis itself said, below what was made of it. */
function rootOf(error: unknown): unknown {
  if (error instanceof StoreUnavailable && error.cause !== undefined) return rootOf(error.cause);
  if (error instanceof Error && 'lastNodeError' in error) return error.lastNodeError ?? error;
  return error;
}
