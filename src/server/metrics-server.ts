// Tested by test/integration/metrics.test.ts
import { createServer, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Log } from '../core/ports/log.ts';
import { listen } from './listen.ts';

export interface MetricsServerOptions {
  /** The address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly exposition: { readonly contentType: string; read(): Promise<string> };
  readonly log: Log;
}

const path = '/metrics';
/** Time to receive a request, in ms. */
const requestTimeoutMs = 10_000;
/** Connections for a few monitoring systems. */
const maxConnections = 50;

/** A separate server for the metrics, so that users of the page cannot read them. */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      if (!this.#isCalledByOwnName(request.headers.host ?? '')) {
        return end(
          response,
          403,
          'The figures are not told under this name: ask by the address.\n',
        );
      }
      // A request target such as `//` is no valid URL.
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

  /** Resolves to the metrics' URL. Throws `BadConfiguration` if it cannot listen. */
  async listen(): Promise<string> {
    const { host, port, log } = this.#options;
    const setBy = { host: 'METRICS_HOST', port: 'METRICS_PORT', other: 'PORT', usualPort: 9_464 };
    const taken = await listen(this.#server, { host, port, setBy }, (err) =>
      log.error({ err }, 'metrics server error'),
    );
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}${path}`;
  }

  /** Closes at once; a scraper comes again. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * Whether a Host header is an address, a local name, or METRICS_HOST. A public name that a web page
   * points here (DNS rebinding) is none of these.
   */
  #isCalledByOwnName(host: string): boolean {
    const name = host
      .replace(/:\d{1,5}$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    if (name === this.#options.host.toLowerCase() || isIP(name) !== 0) return true;
    if (isLoopback(this.#options.host)) return name === 'localhost';
    return !name.includes('.') || /\.(?:local|internal|localhost|svc)$/.test(name);
  }

  async #answer(response: ServerResponse): Promise<void> {
    const { exposition, log } = this.#options;
    try {
      const text = await exposition.read();
      response.setHeader('Content-Type', exposition.contentType);
      response.end(text);
    } catch (error) {
      log.error({ err: error }, 'metrics not served');
      end(response, 500, 'Something went wrong here; the log says what.\n');
    }
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
