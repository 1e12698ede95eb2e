// Tested by test/integration/http-limits.test.ts
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { type Log, ThrottledWarnings } from '../core/ports/log.ts';

/** How much strangers may have of the server at a time. */
export interface ConnectionLimits {
  /** Open connections; beyond that those that do least are closed. */
  readonly connections: number;
  /** Open connections of one address, where that is known. */
  readonly connectionsPerAddress: number;
  /** Requests without an answer on one connection: browsers send the next one after it. */
  readonly requestsPerConnection: number;
  /** Requests without an answer in all, open event streams among them, beside the reserve. */
  readonly requests: number;
  /** Of one address, where that is known. */
  readonly requestsPerAddress: number;
  /** Announced bodies of all requests without an answer, in bytes, beside the reserve. */
  readonly bodyBytes: number;
}

/** Far above what people need; far below what would exhaust the process. */
export const defaultLimits: ConnectionLimits = {
  connections: 1_500,
  connectionsPerAddress: 500,
  requestsPerConnection: 8,
  requests: 1_200,
  requestsPerAddress: 400,
  bodyBytes: 8 * 1024 * 1024,
};

/** Closed at once beyond the limit, so that not each new connection looks at all of them. */
const closedTogether = 0.05;
/**
 * So long a connection with a reserved request is not closed for others, in milliseconds: whoever
 * has a right to the reserve sends its requests whole and is answered within 3 s.
 */
const reservedMs = 5_000;
/**
 * The part of the connections of which that holds, the newest: strangers, too, can begin what looks
 * like a reserved request, and never end it. So many of the newest in all stay, too.
 */
const reservedTogether = 0.5;
/** What is parsed of a connection at once, in bytes: a hundred requests at the most. */
const pieceBytes = 4_096;
/** Longest body that a route reads, in bytes; counted for a longer one, which is refused unread, too. */
const longestBodyBytes = 256 * 1024;

interface Connection {
  readonly socket: Socket;
  /** Of the connection itself, not of what a proxy forwards; undefined if it counts for nobody. */
  readonly address: string | undefined;
  /** Requests without an answer. */
  requests: number;
  /** Until when it is not closed for others, as of `performance.now()`. */
  reservedUntil: number;
}

/**
 * Keeps strangers from using the server up. A new connection is always taken: where there are too
 * many, those that wait for nothing are closed first, then those that do not read what they asked
 * for, then the oldest. Reserved requests, which are health and platforms that call in, count
 * towards none of the limits of requests, and the newest of their connections are not closed for
 * others.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #addresses: ClientAddresses;
  readonly #digest: ThrottledWarnings;
  /** Oldest first. */
  readonly #open = new Map<Socket, Connection>();
  readonly #connectionsOf = new Map<string, number>();
  readonly #requestsOf = new Map<string, number>();
  #requests = 0;
  #bodyBytes = 0;

  constructor(limits: ConnectionLimits, addresses: ClientAddresses, log: Log) {
    this.#limits = limits;
    this.#addresses = addresses;
    this.#digest = new ThrottledWarnings(log);
  }

  /** A connection was made. */
  opened(socket: Socket): void {
    const address = this.#addresses.ofConnection(socket);
    const count = address === undefined ? 0 : (this.#connectionsOf.get(address) ?? 0);
    if (count >= this.#limits.connectionsPerAddress) {
      this.#digest.count('connection refused: its address has too many');
      socket.destroy();
      return;
    }
    if (this.#open.size >= this.#limits.connections) this.#closeSome();
    if (address !== undefined) this.#connectionsOf.set(address, count + 1);
    this.#open.set(socket, { socket, address, requests: 0, reservedUntil: 0 });
    takeInPieces(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      less(this.#connectionsOf, address);
    });
  }

  /**
   * Whether a request is to be answered; counted until its response is closed. One that is not was
   * refused, or its connection closed.
   */
  admit(request: IncomingMessage, response: ServerResponse, isReserved: boolean): boolean {
    const connection = this.#open.get(request.socket);
    if (connection === undefined) return false;
    if (connection.requests >= this.#limits.requestsPerConnection) {
      this.#digest.count('connection closed: too many requests at once');
      request.socket.destroy();
      return false;
    }
    const address = isReserved ? undefined : this.#addresses.of(request);
    const bytes = isReserved ? 0 : bodyBytesOf(request);
    const refusal = isReserved ? undefined : this.#refusal(address, bytes);
    if (refusal !== undefined) {
      this.#digest.count(`request refused: ${refusal}`);
      refuse(request, response);
      return false;
    }
    connection.requests += 1;
    if (isReserved) connection.reservedUntil = performance.now() + reservedMs;
    else this.#requests += 1;
    this.#bodyBytes += bytes;
    if (address !== undefined) {
      this.#requestsOf.set(address, (this.#requestsOf.get(address) ?? 0) + 1);
    }
    response.once('close', () => {
      connection.requests -= 1;
      if (isReserved) connection.reservedUntil = 0;
      else this.#requests -= 1;
      this.#bodyBytes -= bytes;
      less(this.#requestsOf, address);
    });
    return true;
  }

  #refusal(address: string | undefined, bytes: number): string | undefined {
    const { requests, requestsPerAddress, bodyBytes } = this.#limits;
    if (this.#requests >= requests) return 'too many are being answered';
    if (this.#bodyBytes + bytes > bodyBytes) return 'too much is being sent';
    const own = address === undefined ? 0 : (this.#requestsOf.get(address) ?? 0);
    return own >= requestsPerAddress ? 'its address has too many' : undefined;
  }

  #closeSome(): void {
    let left = Math.max(1, Math.ceil(this.#limits.connections * closedTogether));
    this.#digest.count('connections closed: there were too many');
    const now = performance.now();
    const all = [...this.#open.values()];
    const reserved = all.filter(({ reservedUntil }) => reservedUntil > now);
    const half = Math.ceil(this.#limits.connections * reservedTogether);
    // Of the newest nobody knows yet what they ask for.
    const kept = new Set([...reserved.slice(-half), ...all.slice(-half)]);
    const candidates = all.filter((connection) => !kept.has(connection));
    const isIdle = ({ requests }: Connection): boolean => requests === 0;
    const isStuck = ({ socket }: Connection): boolean => socket.writableLength > 0;
    for (const mayGo of [isIdle, isStuck, () => true]) {
      for (const connection of candidates) {
        if (left === 0) return;
        if (!this.#open.has(connection.socket) || !mayGo(connection)) continue;
        // Its own end comes a moment later: until then it would count, and others be closed for it.
        this.#open.delete(connection.socket);
        connection.socket.destroy();
        left -= 1;
      }
    }
  }
}

/**
 * Lets a server's connection parse no more than a piece of what comes in at once, and nothing once
 * it was closed: Node reads 64 KiB, in which a thousand requests may stand, and makes all of them.
 */
function takeInPieces(socket: Socket): void {
  const [parse] = socket.listeners('data');
  if (parse === undefined) return;
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    // The parser's answers to what it reads may also stop it for a while.
    while (at < chunk.length && !socket.destroyed && !socket.isPaused()) {
      parse(chunk.subarray(at, (at += pieceBytes)));
    }
    if (at < chunk.length && !socket.destroyed) socket.unshift(chunk.subarray(at));
  });
}

/** Memory that a request’s body may take. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return longestBodyBytes;
  return Math.min(longestBodyBytes, Number(headers['content-length'] ?? 0) || 0);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  const text = JSON.stringify({ error: 'Too much is asked of Parley at once. Try again soon.' });
  response.writeHead(503, {
    'Content-Type': 'application/json',
    'Retry-After': '5',
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(text);
}

/** Counts one less. */
function less(counts: Map<string, number>, key: string | undefined): void {
  if (key === undefined) return;
  const count = (counts.get(key) ?? 0) - 1;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Network part of an IPv6 address, in bits: one household or machine has all of the rest. */
const networkBits = 64;

/** Clients' addresses, also behind trusted proxies. */
export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** @param proxies addresses, and networks such as `10.0.0.0/8` */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address = '', bits] = proxy.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * A request's client: behind a trusted proxy the last address in X-Forwarded-For that is no trusted
   * proxy's, else the connection's own. Undefined for a loopback address, which may be an unlisted
   * proxy's. IPv6 addresses are shortened to their network.
   */
  of(request: IncomingMessage): string | undefined {
    let address = plain(request.socket.remoteAddress ?? '');
    const header = request.headers['x-forwarded-for'] ?? '';
    const forwarded = (typeof header === 'string' ? header : header.join(',')).split(',');
    while (this.#isTrusted(address) && forwarded.length > 0) {
      const before = plain(forwarded.pop()?.trim() ?? '');
      if (isIP(before) === 0) break;
      address = before;
    }
    return isRemote(address) && !this.#isTrusted(address) ? network(address) : undefined;
  }

  /** The connection's own address, with the same exceptions. */
  ofConnection({ remoteAddress = '' }: Socket): string | undefined {
    const address = plain(remoteAddress);
    return isRemote(address) && !this.#isTrusted(address) ? network(address) : undefined;
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Without the prefix of an IPv4 address in IPv6, or a zone. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** Whether an address is valid and no loopback address. */
function isRemote(address: string): boolean {
  return isIP(address) !== 0 && address !== '::1' && !address.startsWith('127.');
}

function network(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const open = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: open }, () => '0'), ...right];
  return groups.slice(0, networkBits / 16).join(':');
}
