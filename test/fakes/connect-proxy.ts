import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';

export interface ConnectProxyOptions {
  /**
   * Ports on 127.0.0.1 by the names that clients ask for, such as `slack.invalid:443`. Behind the
   * port 443 the proxy speaks TLS in the name's stead, as what is there does not.
   */
  readonly targets: Readonly<Record<string, number>>;
  /** For the names behind port 443, as PEM. */
  readonly certificate: { readonly cert: string; readonly key: string };
  /** What clients have to send, such as `name:password`; nothing by default. */
  readonly credentials?: string;
}

/** An HTTP proxy that makes tunnels, to what it knows and to nothing else. */
export class ConnectProxy {
  /** Whom clients asked for, such as `slack.invalid:443`, in order, refused or not. */
  readonly asked: string[] = [];
  /** Names that are refused with 403. */
  readonly forbidden = new Set<string>();
  readonly #options: ConnectProxyOptions;
  readonly #server: Server;
  readonly #inStead = new Map<number, TlsServer>();
  readonly #open = new Set<Duplex>();

  private constructor(options: ConnectProxyOptions) {
    this.#options = options;
    this.#server = createServer((_request, response) => {
      response.writeHead(405).end('This proxy makes tunnels and nothing else.');
    });
    this.#server.on('connect', (request, socket, head) => this.#connect(request, socket, head));
  }

  static async start(options: ConnectProxyOptions): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Such as `http://127.0.0.1:40123`; without credentials. */
  get url(): string {
    return `http://${this.host}`;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks off every tunnel. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const server of this.#inStead.values()) server.close();
    this.cut();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#keep(socket);
    const name = request.url ?? '';
    this.asked.push(name);
    const { credentials, targets } = this.#options;
    const sent = request.headers['proxy-authorization'];
    if (
      credentials !== undefined &&
      sent !== `Basic ${Buffer.from(credentials).toString('base64')}`
    ) {
      return refuse(socket, '407 Proxy Authentication Required', 'proxy-authenticate: Basic\r\n');
    }
    if (this.forbidden.has(name)) return refuse(socket, '403 Forbidden');
    const port = targets[name];
    if (port === undefined) return refuse(socket, '502 Bad Gateway');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.unshift(head);
    if (name.endsWith(':443')) this.#tlsFor(port).emit('connection', socket);
    else this.#join(socket, port);
  }

  #tlsFor(port: number): TlsServer {
    const known = this.#inStead.get(port);
    if (known !== undefined) return known;
    const server = createTlsServer(this.#options.certificate, (plain) => this.#join(plain, port));
    this.#inStead.set(port, server);
    return server;
  }

  #join(client: Duplex, port: number): void {
    const target = connect(port, '127.0.0.1');
    this.#keep(client);
    this.#keep(target);
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
    client.pipe(target).pipe(client);
  }

  #keep(socket: Duplex): void {
    // Whoever goes away in the middle of a tunnel is nobody's concern.
    socket.on('error', () => undefined);
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
  }
}

function refuse(socket: Duplex, status: string, headers = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}content-length: 0\r\nconnection: close\r\n\r\n`);
}
