// Tested by test/integration/web-server.test.ts
import { createServer as createNodeServer, type RequestListener, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { EventLoopYield } from '../core/timing.ts';
import { type Log, ThrottledWarnings } from '../core/ports/log.ts';
import {
  ClientAddresses,
  type ConnectionLimits,
  Connections,
  defaultLimits,
} from './connections.ts';
import { listen } from './listen.ts';
import { alive, type Health, healthPaths, readiness, retryAfterSeconds } from './health-server.ts';

export interface HttpServerOptions {
  /** The address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
  readonly health: Health;
  /** By default nobody's X-Forwarded-For is believed. */
  readonly addresses?: ClientAddresses;
  readonly limits?: Partial<ConnectionLimits>;
}

/** Where a server listens. */
interface Listening {
  /** For a person to open, such as `http://localhost:3000`. */
  readonly url: string;
  readonly port: number;
}

/** The one HTTP server of the process: health, the web page, and platforms that call in. */
export interface HttpServer {
  /** Adds routes at the root. Before `listen`. */
  mount(routes: Hono): void;
  /** Hands every request at or below `path` to a plain Node listener. Before `listen`. */
  mountListener(path: string, listener: RequestListener): void;
  /** Throws `BadConfiguration` if the address cannot be had. */
  listen(): Promise<Listening>;
  /** Takes no new connection; ends what is still open after `closeGraceMs`. */
  close(): Promise<void>;
}

/** A client has this long to send its headers, and then its whole request. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** A connection on which nothing moves is closed; event streams say something every 15 s. */
const silenceMs = 60_000;
/** Requests under way may end by themselves for this long. */
const closeGraceMs = 2_000;

export function createServer(options: HttpServerOptions): HttpServer {
  const routes = new Hono();
  const listeners = new Map<string, RequestListener>();
  routes.get('/healthz', (c) => c.json(alive.body, alive.status));
  routes.get('/readyz', async (c) => {
    const { status, body } = await readiness(options.health);
    return c.json(body, status, status === 503 ? { 'Retry-After': `${retryAfterSeconds}` } : {});
  });
  routes.notFound((c) => c.json({ error: 'There is nothing here.' }, 404));
  routes.onError((cause, c) => {
    options.log.error({ err: cause, path: c.req.path }, 'request failed');
    return c.json({ error: 'Something went wrong here; the log says what.' }, 500);
  });

  const addresses = options.addresses ?? new ClientAddresses([]);
  const limits = { ...defaultLimits, ...options.limits };
  const connections = new Connections(limits, addresses, options.log);
  // Many requests at once leave time for health, and for answers that are being written.
  const breather = new EventLoopYield();
  const digest = new ThrottledWarnings(options.log);
  const answer = getRequestListener(routes.fetch, { overrideGlobalObjects: false });
  const server = createNodeServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const listener = [...listeners].find(([at]) => path === at || path.startsWith(`${at}/`))?.[1];
    const isReserved = listener !== undefined || healthPaths.has(path);
    if (!connections.admit(request, response, isReserved)) return;
    if (listener !== undefined) return listener(request, response);
    if (isReserved) return void answer(request, response);
    void breather.whenFree().then(() => {
      if (response.destroyed) digest.count('request aborted by its client');
      else void answer(request, response);
    });
  });
  server.on('connection', (socket) => connections.opened(socket));
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.timeout = silenceMs;

  return {
    mount: (app) => void routes.route('/', app),
    mountListener: (path, listener) => void listeners.set(path, listener),
    async listen() {
      const { host, log } = options;
      const setBy = { host: 'HOST', port: 'PORT', other: 'METRICS_PORT', usualPort: 3_000 };
      const port = await listen(server, { host, port: options.port, setBy }, (err) =>
        log.error({ err }, 'http server error'),
      );
      return { url: `http://${nameOf(host)}:${port}`, port };
    },
    close: () => close(server),
  };
}

/** A name that a browser can open: nobody can go to 0.0.0.0. */
function nameOf(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
  clearTimeout(cut);
}
