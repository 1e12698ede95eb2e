// Tested by test/integration/operator.test.ts
import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, relative } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import { isOperatorCommand, type Operator } from '../core/instances/operator.ts';
import type { Log } from '../core/ports/log.ts';

/** Longest path of a Unix socket, in bytes (macOS: 104 with the final NUL). */
const longestPath = 103;

/**
 * Path of the socket for operator commands of the process that holds a data folder; undefined if it
 * would be too long. Access to the folder is permission to give commands.
 */
export function operatorSocketPath(folder: string): string | undefined {
  if (process.platform === 'win32') {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
    return `\\\\.\\pipe\\parley-${name}`;
  }
  const path = join(folder, 'parley.sock');
  // The path relative to the working directory is usually shorter.
  return [path, relative(process.cwd(), path)].find(
    (name) => Buffer.byteLength(name) <= longestPath,
  );
}

/** Receives operator commands from other processes of this machine. */
export class OperatorSocket {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #server: Server;

  constructor(options: { folder: string; operator: Operator; log: Log }) {
    const { operator, log } = options;
    this.#path = operatorSocketPath(options.folder);
    this.#log = log;
    const routes = new Hono();
    routes.post('/:order', async (c) => {
      const order = c.req.param('order');
      if (!isOperatorCommand(order))
        return c.json({ error: { message: `no order ${order}` } }, 404);
      const inputs: unknown = await c.req.json();
      log.info({ order }, 'operator command');
      const act = operator[order] as (...inputs: unknown[]) => Promise<unknown>;
      const result = await act.apply(operator, Array.isArray(inputs) ? inputs : []);
      return c.json({ result: result ?? null });
    });
    routes.onError((error, c) => {
      log.warn({ err: error }, 'operator command failed');
      const kind = error instanceof StoreUnavailable ? error.reason : undefined;
      return c.json({ error: { message: error.message, kind } }, 500);
    });
    const answer = getRequestListener(routes.fetch, { overrideGlobalObjects: false });
    this.#server = createServer((request, response) => void answer(request, response));
  }

  /** Listens. To be called with the data folder locked, as it removes an earlier process's socket. */
  async listen(): Promise<void> {
    const path = this.#path;
    if (path === undefined) {
      this.#log.warn({}, 'DATA_DIR is too long for a socket: commands need Parley to be stopped');
      return;
    }
    if (process.platform !== 'win32') rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(new BadConfiguration(`${path} cannot be listened on: ${cause.message}`, { cause })),
      );
      this.#server.listen(path, resolve);
    });
    this.#server.on('error', (err) => this.#log.error({ err }, 'operator socket error'));
    if (process.platform !== 'win32') chmodSync(path, 0o600);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
