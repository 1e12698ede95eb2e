import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from './attacks.ts';

/** What a connection does once it is open; it may stay open for as long as the attack lasts. */
export type Use = (socket: Socket) => void;

/** New connections in one go, and how far apart these are: what one machine makes, and not more. */
const handful = 50;
const everyMs = 25;

/**
 * Holds so many connections, each for `forMs` at the most, until the signal, each used as one of
 * `uses` in turn, and replaces those that the other side closes. Those that are tried and not made
 * wait for the other side to take them.
 */
export async function holdSockets(
  port: number,
  { count, uses, forMs }: { count: number; uses: readonly Use[]; forMs?: number },
  signal: AbortSignal,
): Promise<Counts> {
  const open = new Set<Socket>();
  const counts = { tried: 0, made: 0, refused: 0, 'bytes read': 0 };
  while (!signal.aborted) {
    for (let one = 0; one < handful && open.size < count; one += 1) {
      const use = uses[counts.tried % uses.length]!;
      counts.tried += 1;
      const socket = connect(port, '127.0.0.1');
      open.add(socket);
      socket.once('connect', () => {
        counts.made += 1;
        use(socket);
        // One that is not read does not see that the other side closed it.
        if (forMs !== undefined) setTimeout(() => socket.destroy(), forMs);
      });
      socket.on('error', () => (counts.refused += 1));
      socket.once('close', () => {
        counts['bytes read'] += socket.bytesRead;
        open.delete(socket);
      });
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
  for (const socket of open) socket.destroy();
  return counts;
}

/** A request, as text. */
export function request(
  line: string,
  headers: Readonly<Record<string, string | number>> = {},
  body = '',
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const host = headers['Host'] === undefined ? 'Host: localhost\r\n' : '';
  return `${line} HTTP/1.1\r\n${host}${lines.join('')}\r\n${body}`;
}
