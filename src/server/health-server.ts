// Tested by test/integration/health-server.test.ts
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Log } from '../core/ports/log.ts';
import type { HealthWorkerData, HealthWorkerMessage } from './health-worker.ts';
import { cannotListen } from './listen.ts';

export interface HealthServerOptions {
  /** The address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: Health;
  readonly log: Log;
  /** Between two looks at whether the process is ready, in ms; about as often as balancers ask. */
  readonly checkEveryMs?: number;
}

/** Between two signs of life of the main thread, in ms: far below what counts as hanging. */
const beatEveryMs = 250;
/** The thread's heap, in MB: 13 of them hold one server and the loader of the sources. */
const heapMb = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

/**
 * A server of its own for health, in a thread of its own: it answers while the event loop is busy
 * with what strangers send, and says so when that stands still.
 */
export class HealthServer {
  readonly #options: HealthServerOptions;
  readonly #beat = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #timers: NodeJS.Timeout[] = [];
  #worker: Worker | undefined;
  /** Number of looks that were begun: an older one that ends later tells nothing. */
  #looks = 0;
  #closed = false;

  constructor(options: HealthServerOptions) {
    this.#options = options;
  }

  /** Resolves to where health is told. Throws `BadConfiguration` if the address cannot be had. */
  async listen(): Promise<string> {
    const { host, port, health, log, checkEveryMs = 5_000 } = this.#options;
    this.#sign();
    const data: HealthWorkerData = {
      host,
      port,
      beat: this.#beat,
      ready: await readiness(health),
    };
    const cacheDir = getCompileCacheDir();
    const worker = new Worker(new URL('./health-worker.ts', import.meta.url), {
      name: 'health',
      workerData: data,
      // It reads no setting, and knows no secret. Compiled code takes 16 MB less than the sources.
      env: cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: cacheDir },
      resourceLimits: heapMb,
    });
    const listening = Promise.withResolvers<number>();
    worker.on('message', (message: HealthWorkerMessage) => {
      if ('port' in message) listening.resolve(message.port);
      else log.error({ err: message.fault }, 'health server error');
    });
    const setBy = { host: 'HEALTH_HOST', port: 'HEALTH_PORT', usualPort: 3_001 };
    const others = 'PORT or METRICS_PORT';
    const refused = (cause: NodeJS.ErrnoException): void =>
      listening.reject(cannotListen(cause, { host, port, setBy: { ...setBy, other: others } }));
    worker.once('error', refused);
    worker.once('exit', (code) => refused(new Error(`its thread ended with ${code}`)));
    const taken = await listening.promise;
    worker.off('error', refused);
    worker.on('error', (err) => log.error({ err }, 'health server error'));
    worker.on('exit', () => {
      if (!this.#closed) log.error({}, 'health server ended');
    });
    worker.unref();
    this.#worker = worker;
    this.#timers.push(
      setInterval(() => this.#sign(), beatEveryMs).unref(),
      setInterval(() => void this.update(), checkEveryMs).unref(),
    );
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}/healthz`;
  }

  /** Looks whether the process is ready; also to be called when that may have changed. */
  async update(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#looks += 1;
    const look = this.#looks;
    const answer = await readiness(this.#options.health);
    if (look === this.#looks) this.#worker.postMessage(answer);
  }

  /** At once: whoever asks asks again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#worker?.terminate();
  }

  #sign(): void {
    Atomics.store(this.#beat, 0, process.hrtime.bigint());
  }
}

/** Whether the process can do its work now. */
export interface Health {
  /** Resolves if it can; throws with the reason if it cannot. */
  check(): Promise<void>;
}

/** What whoever asks for health is told, as JSON. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly alive?: boolean; readonly ready?: boolean; readonly reason?: string };
}

export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Told with a 503: when to ask again, in seconds. */
export const retryAfterSeconds = 5;

/** A store that hangs must not hang whoever asks. */
const checkTimeoutMs = 2_000;

/** `/healthz` is 200 for as long as the process runs: restarting it mends nothing outside of it. */
export const alive: HealthAnswer = { status: 200, body: { alive: true } };

/** `/readyz` is 503, with the reason, while the process could not take a question in. */
export async function readiness(health: Health): Promise<HealthAnswer> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve('the check took too long'), checkTimeoutMs);
  const checked = health.check().then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  );
  try {
    const reason = await Promise.race([checked, late.promise]);
    return reason === undefined
      ? { status: 200, body: { ready: true } }
      : { status: 503, body: { ready: false, reason } };
  } finally {
    clearTimeout(timer);
  }
}
