import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { TestProject } from 'vitest/node';
import { killWithParent } from '../processes/kill-with-parent.ts';
import { findLauncher } from './launcher.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

/** How long a server may take to start or to stop, in milliseconds. */
const patienceMs = 20_000;
const host = '127.0.0.1';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Its folder: its data, and whatever a test puts there. */
  readonly folder: string;
  readonly pid: number;
  /** As if the power went. */
  kill9(): Promise<void>;
  /** Starts it again, on the same port with the same data. */
  restart(): Promise<void>;
  /** A client of one's own, which goes with the server. */
  client(): Redis;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** Keeps what it was given when it is killed. */
  readonly appendonly?: boolean;
  /** More of its settings, such as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** Starts a sentinel instead, with these lines of configuration. */
  readonly sentinel?: readonly string[];
}

/** Starts a Redis of one's own on a free port. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const launcher = findLauncher();
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'parley-redis-'));
  const { command, args } = launcher(folder);
  const settings = settingsOf(options, port, folder);
  const clients = new Set<Redis>();
  let child = await launch(command, [...args, ...settings], port);

  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    url: `redis://${host}:${port}`,
    port,
    folder,
    get pid() {
      return child.pid ?? 0;
    },
    kill9: () => kill('SIGKILL'),
    async restart() {
      await kill('SIGKILL');
      child = await launch(command, [...args, ...settings], port);
    },
    client() {
      const client = new Redis(port, host, { lazyConnect: true, disableClientInfo: true });
      client.on('error', () => {});
      clients.add(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsOf(options: RedisServerOptions, port: number, folder: string): string[] {
  const common = ['--port', `${port}`, '--bind', host, '--dir', folder];
  if (options.sentinel !== undefined) {
    // A sentinel keeps what it learns in its file.
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, `${options.sentinel.join('\n')}\n`);
    return [file, '--sentinel', ...common];
  }
  const appendonly = options.appendonly === true ? 'yes' : 'no';
  return [
    ...common,
    '--save',
    '',
    '--appendonly',
    appendonly,
    '--appendfsync',
    'always',
    ...(options.args ?? []),
  ];
}

/** Vitest's global setup: one private server for the whole run, unless REDIS_URL names one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { REDIS_URL: given } = process.env;
  if (given !== undefined && given !== '') {
    project.provide('redisUrl', given);
    return () => Promise.resolve();
  }
  const server = await startRedis();
  project.provide('redisUrl', server.url);
  return () => server.stop();
}

async function launch(command: string, args: string[], port: number): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
  failed.catch(() => {});
  killWithParent(child);
  try {
    await Promise.race([failed, answers(port)]);
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Resolves once a Redis answers on this port, if only by asking for a password. */
async function answers(port: number): Promise<void> {
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    const answer = await ping(port);
    if (/^(\+PONG|-NOAUTH)/.test(answer)) return;
    if (performance.now() > endsAt) throw new Error(`Redis did not start: ${answer}`);
    await delay(20);
  }
}

/** What is said to a ping. */
function ping(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.once('error', (error) => resolve(error.message));
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
  });
}

/** A port that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
