import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Settings } from '../options.ts';
import type { ConditionWaiter } from '../../condition-waiter.ts';
import type { Retry, Transport } from './event-delivery.ts';
import { type Payload, app } from './payloads.ts';

/** An app may hold so many connections at once. */
const mostConnections = 10;

interface Connection {
  readonly socket: WebSocket;
  /** Nothing goes through in either direction, yet it looks open. */
  frozen: boolean;
  /** It was told to go: it gets no events any more. */
  leaving: boolean;
}

/** Socket Mode: events go to one of the app's connections, which acknowledges them. */
export class SocketMode implements Transport {
  /** New connections are turned away with HTTP 503. */
  refusing = false;
  /** How many connections were ever opened. */
  opened = 0;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #connections: Connection[] = [];
  readonly #awaited = new Map<string, () => void>();
  readonly #settings: Settings;
  readonly #watch: ConditionWaiter;
  #pings: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(settings: Settings, watch: ConditionWaiter) {
    this.#settings = settings;
    this.#watch = watch;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#connections.length;
  }

  /** A way in that opens once. */
  ticket(): string {
    const ticket = crypto.randomUUID();
    this.#tickets.add(ticket);
    return ticket;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Whoever goes away in the middle of this is nobody's concern.
    socket.on('error', () => undefined);
    const ticket = new URL(request.url ?? '', 'http://slack').searchParams.get('ticket') ?? '';
    if (this.refusing || !this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#onConnection(opened));
  }

  /** Slack recycles a connection: the app is asked to connect anew. All of them by default. */
  refresh(index?: number): void {
    for (const connection of this.#some(index)) dismiss(connection, 'refresh_requested');
  }

  /** Breaks connections off without a word. */
  drop(index?: number): void {
    for (const { socket } of this.#some(index)) socket.terminate();
  }

  /** Makes connections deaf and dumb, though they look open. */
  freeze(index?: number): void {
    for (const connection of this.#some(index)) {
      connection.frozen = true;
      connection.socket.pause();
    }
  }

  /** An envelope to one connection, whatever is in it; nobody waits for its acknowledgement. */
  sendRaw(envelope: Payload): void {
    this.#next()?.socket.send(JSON.stringify(envelope));
  }

  deliver(
    payload: Payload,
    retry: Retry,
    ackWithinMs: number,
    late: () => void,
  ): Promise<string | undefined> {
    const connection = this.#next();
    if (connection === undefined) return Promise.resolve('no_connection');
    const envelopeId = crypto.randomUUID();
    const envelope = {
      envelope_id: envelopeId,
      type: 'events_api',
      accepts_response_payload: false,
      payload,
      retry_attempt: retry.number,
      retry_reason: retry.reason === 'no_connection' ? 'timeout' : retry.reason,
    };
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#awaited.set(envelopeId, late);
        resolve('timeout');
      }, ackWithinMs);
      this.#awaited.set(envelopeId, () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      timer.unref();
      if (!connection.frozen) connection.socket.send(JSON.stringify(envelope));
    });
  }

  close(): void {
    clearInterval(this.#pings);
    for (const { socket } of this.#connections) socket.terminate();
    this.#server.close();
  }

  #onConnection(socket: WebSocket): void {
    const connection: Connection = { socket, frozen: false, leaving: false };
    socket.on('message', (data: Buffer) => this.#onMessage(data.toString()));
    socket.on('close', () => {
      const at = this.#connections.indexOf(connection);
      if (at >= 0) this.#connections.splice(at, 1);
      this.#watch.check();
    });
    // A break is followed by `close`, which is all that matters here.
    socket.on('error', () => undefined);
    if (this.#connections.length >= mostConnections) {
      dismiss(connection, 'too_many_websockets');
      return;
    }
    this.#connections.push(connection);
    this.opened += 1;
    this.#pings ??= setInterval(() => this.#ping(), this.#settings.pingEveryMs);
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#connections.length,
        debug_info: { host: 'applink-fake', build_number: 1, approximate_connection_time: 18_060 },
        connection_info: { app_id: app.id },
      }),
    );
    this.#watch.check();
  }

  #onMessage(text: string): void {
    const { envelope_id: id } = JSON.parse(text) as { envelope_id?: string };
    const acked = this.#awaited.get(id ?? '');
    this.#awaited.delete(id ?? '');
    acked?.();
  }

  #ping(): void {
    for (const { socket, frozen } of this.#connections) if (!frozen) socket.ping();
  }

  #next(): Connection | undefined {
    const usable = this.#connections.filter(({ leaving }) => !leaving);
    this.#turn += 1;
    const { spread } = this.#settings;
    const turn = spread === 'random' ? Math.floor(Math.random() * usable.length) : this.#turn;
    return usable[turn % usable.length];
  }

  #some(index: number | undefined): Connection[] {
    const all = [...this.#connections];
    return index === undefined ? all : all.slice(index, index + 1);
  }
}

function dismiss(connection: Connection, reason: string): void {
  connection.leaving = true;
  const farewell = { type: 'disconnect', reason, debug_info: { host: 'applink-fake' } };
  connection.socket.send(JSON.stringify(farewell));
}
