// Tested by test/integration/health-server.test.ts
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { alive, type HealthAnswer, retryAfterSeconds } from './health-server.ts';

/** What the thread is started with. */
export interface HealthWorkerData {
  readonly host: string;
  readonly port: number;
  /** When the main thread last said that it runs, as of `process.hrtime.bigint()`. */
  readonly beat: BigInt64Array;
  /** The answer at `/readyz`; each later one is a message. */
  readonly ready: HealthAnswer;
}

/** What the thread tells: the port that it listens on, and then what went wrong with it. */
export type HealthWorkerMessage = { readonly port: number } | { readonly fault: Error };

/**
 * An event loop that stands still for longer hangs, in ms. The longest turn that a flood caused on
 * two cores was under 4 s, and garbage collection on a machine that swaps may take as long again;
 * supervisors ask some times more before they restart.
 */
const longestTurnMs = 10_000;
/** A few supervisors and balancers, and nobody else; of more, the oldest is closed. */
const maxConnections = 20;
/** Whoever asks sends one short request at once, in ms. */
const requestTimeoutMs = 5_000;

const { host, port, beat, ready: first } = workerData as HealthWorkerData;
let ready = first;

const server = createServer({ connectionsCheckingInterval: 1_000 }, (request, response) => {
  const { status, body } = answerAt((request.url ?? '/').split('?', 1)[0] ?? '/');
  response.writeHead(status, {
    'Content-Type': 'application/json',
    Connection: 'close',
    ...(status === 503 ? { 'Retry-After': retryAfterSeconds } : {}),
  });
  response.end(JSON.stringify(body));
});
const connections = new Set<Socket>();
server.on('connection', (socket) => {
  connections.add(socket);
  socket.on('close', () => connections.delete(socket));
  const [oldest] = connections;
  if (connections.size > maxConnections) oldest?.destroy();
});
server.headersTimeout = requestTimeoutMs;
server.requestTimeout = requestTimeoutMs;
server.timeout = requestTimeoutMs;
// That it cannot listen ends the thread, and is the error that the main thread hears of.
server.listen({ host, port }, () => {
  server.on('error', (fault) => tell({ fault }));
  tell({ port: (server.address() as AddressInfo).port });
});
parentPort?.on('message', (answer: HealthAnswer) => (ready = answer));

function answerAt(path: string): { readonly status: number; readonly body: object } {
  const reason = hang();
  switch (path) {
    case '/healthz':
      return reason === undefined ? alive : { status: 503, body: { alive: false, reason } };
    case '/readyz':
      return reason === undefined ? ready : { status: 503, body: { ready: false, reason } };
    default:
      return { status: 404, body: { error: 'There is nothing here.' } };
  }
}

/** Undefined while the main thread runs; else since when it does not. */
function hang(): string | undefined {
  const ms = Number((process.hrtime.bigint() - Atomics.load(beat, 0)) / 1_000_000n);
  return ms <= longestTurnMs
    ? undefined
    : `the event loop has stood still for ${Math.floor(ms / 1_000)} s`;
}

function tell(message: HealthWorkerMessage): void {
  parentPort?.postMessage(message);
}
