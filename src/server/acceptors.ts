import { createServer, type Server } from 'node:net';
import { type ListenAddress, listen } from './listen.ts';

/**
 * Node accepts one connection for each socket that listens, in each turn of its loop. While turns
 * are long, as hundreds of events come in at once, connections that are made faster wait in line,
 * and a health check behind them. So several sockets listen at one port, among which the system
 * spreads connections, where it can: beside all floods at once health waited 5 to 8 s with 256 of
 * them, and 1 to 3 s with 512.
 */
const count = 512;

export interface Acceptors {
  readonly port: number;
  /** Takes no new connection; resolves once those that it took are closed. */
  close(): Promise<void>;
}

/**
 * Lets a server have what comes in at a place. Throws `BadConfiguration` if the address cannot be
 * had.
 *
 * @param server listens itself, too
 * @param onFault hears of a later fault of a socket, which would end the process otherwise
 */
export async function openAcceptors(
  server: Server,
  place: ListenAddress,
  onFault: (error: Error) => void,
): Promise<Acceptors> {
  // Sockets that share a port do so with other programs, too: whether one has it is found out first.
  const probe = createServer();
  const port = await listen(probe, place, onFault);
  await close(probe);
  const others = Array.from({ length: count - 1 }, () =>
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      server.emit('connection', socket),
    ),
  );
  const shared: ListenAddress = { ...place, port, reusePort: process.platform === 'linux' };
  const all = shared.reusePort === true ? [server, ...others] : [server];
  try {
    for (const each of all) await listen(each, shared, onFault);
  } catch (error) {
    await Promise.all(all.map(close));
    throw error;
  }
  return { port, close: async () => void (await Promise.all(all.map(close))) };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}
