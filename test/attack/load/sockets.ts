import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from './attacks.ts';

/** What a connection does once it is open; it may stay open for as long as the attack lasts. */
export type Use = (socket: Socket) => void;

/** New connections in one go, and how far apart these are: what one machine makes, and not more. */
const handful = 50;
const everyMs = 25;

/**
 * Holds so many connections until the signal, each used as one of `uses` in turn, and replaces
 * those that the other side closes.
 */
export async function holdSockets(
  port: number,
  { count, uses }: { count: number; uses: readonly Use[] },
  signal: AbortSignal,
): Promise<Counts> {
  const open = new Set<Socket>();
  const counts = { made: 0, refused: 0, 'bytes read': 0 };
  while (!signal.aborted) {
    for (let one = 0; one < handful && open.size < count; one += 1) {
      const use = uses[counts.made % uses.length]!;
      counts.made += 1;
      const socket = connect(port, '127.0.0.1');
      open.add(socket);
      socket.once('connect', () => use(socket));
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
