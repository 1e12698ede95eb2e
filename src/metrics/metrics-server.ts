import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { BadConfiguration } from '../core/errors.ts';
import type { Log } from '../core/ports/log.ts';

export interface MetricsServerOptions {
  /** The address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Registry;
  readonly log: Log;
}

const path = '/metrics';
/** Whoever scrapes has this long to ask. */
const requestTimeoutMs = 10_000;
/** A few monitors, and nobody else. */
const maxConnections = 50;

/** A server of its own for the figures, so that whoever may reach the page cannot read them. */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      // Whatever somebody asks for, such as `//`, which is no address.
      const pathname = URL.parse(request.url ?? '', 'http://metrics')?.pathname;
      if (pathname !== path) return end(response, 404, `The figures are at ${path}.\n`);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD');
        return end(response, 405, 'The figures can only be read.\n');
      }
      void this.#answer(response);
    });
    this.#server.headersTimeout = requestTimeoutMs;
    this.#server.requestTimeout = requestTimeoutMs;
    this.#server.maxConnections = maxConnections;
  }

  /** Resolves to the address of the figures. Throws `BadConfiguration` if it cannot be had. */
  async listen(): Promise<string> {
    const { host, port, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, host, port));
      this.#server.once('error', refused);
      this.#server.listen(port, host, () => {
        this.#server.off('error', refused);
        // Without a listener a later fault of the socket would end the process.
        this.#server.on('error', (err) => log.error({ err }, 'metrics server fault'));
        resolve();
      });
    });
    const taken = (this.#server.address() as AddressInfo).port;
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}${path}`;
  }

  /** At once: whoever scrapes comes again. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(response: ServerResponse): Promise<void> {
    const { registry, log } = this.#options;
    try {
      const figures = await registry.metrics();
      response.setHeader('Content-Type', registry.contentType);
      // The library's spelling, as of a mean of nothing; the format has another.
      response.end(figures.replaceAll(/ Nan$/gm, ' NaN'));
    } catch (error) {
      log.error({ err: error }, 'metrics not told');
      end(response, 500, 'Something went wrong here; the log says what.\n');
    }
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (cause.code ?? '') {
    case 'EADDRINUSE':
      return new BadConfiguration(
        `METRICS_PORT: port ${port} is taken, by another program or by PORT; choose another one, such as METRICS_PORT=${Math.min(port + 1, 65_535)}`,
        { cause },
      );
    case 'EACCES':
      return new BadConfiguration(
        `METRICS_PORT: this user may not listen on port ${port}; choose one above 1023, such as METRICS_PORT=9464`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new BadConfiguration(
        `METRICS_HOST: this machine has no address "${host}"; use one that it has, such as METRICS_HOST=127.0.0.1`,
        { cause },
      );
    default:
      return new Error(`cannot listen for metrics on ${host}, port ${port}`, { cause });
  }
}
