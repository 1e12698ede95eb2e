import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeCode } from './protocol.ts';

const path = '/gateway';

/**
 * How connections are turned away:
 * - `reset`: the connection breaks off, as where nobody listens.
 * - `status`: HTTP 503 instead of a WebSocket.
 * - `hang`: nothing is ever answered.
 * - `silence`: it opens, and no hello comes.
 */
export type ConnectionRefusal = 'reset' | 'status' | 'hang' | 'silence';

/** Where clients come in: WebSockets at `/gateway` of a server that has other things to do, too. */
export class WebSocketEndpoint {
  refusing: ConnectionRefusal | undefined;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #hanging = new Set<Duplex>();
  readonly #onConnection: (socket: WebSocket) => void;
  readonly #refused: () => void;

  constructor(server: Server, welcome: (socket: WebSocket) => void, refused: () => void) {
    this.#server = server;
    this.#onConnection = welcome;
    this.#refused = refused;
    server.on('upgrade', this.#upgrade);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `ws://127.0.0.1:${port}${path}`;
  }

  /** Breaks off whatever is open. */
  async stop(): Promise<void> {
    this.#server.off('upgrade', this.#upgrade);
    for (const socket of this.#hanging) socket.destroy();
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Whoever goes away in the middle of this is nobody's concern.
    socket.on('error', () => undefined);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://discord');
    const { refusing } = this;
    if (refusing !== undefined) this.#refused();
    if (refusing === 'reset') socket.destroy();
    else if (refusing === 'status') refuse(socket, '503 Service Unavailable');
    else if (refusing === 'hang') this.#hanging.add(socket);
    else if (pathname.replace(/\/$/, '') !== path) refuse(socket, '404 Not Found');
    else {
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        const code = problemOf(searchParams);
        if (code !== undefined) opened.close(code);
        else if (refusing === undefined) this.#onConnection(opened);
      });
    }
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}

/** Compression is an offer that may be declined: payloads are always sent as text. */
function problemOf(parameters: URLSearchParams): number | undefined {
  if (parameters.get('v') !== '10') return closeCode.invalidVersion;
  return (parameters.get('encoding') ?? 'json') === 'json' ? undefined : closeCode.decodeError;
}
