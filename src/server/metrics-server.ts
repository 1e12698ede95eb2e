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
      if (!this.#isCalledByOwnName(request.headers.host ?? '')) {
        return end(
          response,
          403,
          'The figures are not told under this name: ask by the address.\n',
        );
      }
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
    const setBy = { host: 'METRICS_HOST', port: 'METRICS_PORT', other: 'PORT', usualPort: 9_464 };
    const taken = await listen(this.#server, { host, port, setBy }, (err) =>
      log.error({ err }, 'metrics server error'),
    );
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}${path}`;
  }

  /** At once: whoever scrapes comes again. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * Whether a Host header is an address, a name within one network, or what METRICS_HOST says. A
   * public name that a web page makes point here (DNS rebinding) is none of these.
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
