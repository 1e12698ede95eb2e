import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to Redis that fails as networks do. */
export class RedisProxy {
  readonly #server: Server;
  #port: number;
  readonly #sockets = new Set<Socket>();
  #silent = new WeakSet<Socket>();
  #cut: { word: string; fell: () => void } | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    server.on('connection', (socket) => this.#forward(socket));
  }

  /** To the Redis at this port. */
  static async start(port: number): Promise<RedisProxy> {
    const server = createServer();
    const proxy = new RedisProxy(server, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `redis://127.0.0.1:${address.port}`;
  }

  /**
   * The next command with this word in it arrives, but its answer does not: the connection is cut
   * instead. Resolves once that happened.
   */
  loseAnswerTo(word: string): Promise<void> {
    return new Promise((fell) => (this.#cut = { word, fell }));
  }

  /** Connections from now on lead to the Redis at this port, as after a failover. */
  leadTo(port: number): void {
    this.#port = port;
  }

  /** Nothing arrives over the connections of now any more, though they stay. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(near: Socket): void {
    const far = connect(this.#port, '127.0.0.1');
    let cutting: (() => void) | undefined;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (data) => {
      if (this.#cut !== undefined && data.includes(this.#cut.word)) {
        cutting = this.#cut.fell;
        this.#cut = undefined;
      }
      if (!this.#silent.has(near)) far.write(data);
    });
    far.on('data', (data) => {
      if (cutting === undefined) {
        near.write(data);
        return;
      }
      near.destroy();
      cutting();
      cutting = undefined;
    });
  }
}
