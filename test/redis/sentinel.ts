import { setTimeout as delay } from 'node:timers/promises';
import { startRedis, type RedisServer } from './server.ts';

const patienceMs = 20_000;

export interface Sentinels {
  readonly url: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

/** Starts a primary, a replica of it, and a sentinel that puts the one in place of the other. */
export async function startSentinels(): Promise<Sentinels> {
  const primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${primary.port}`] });
  // A sentinel that starts earlier learns of the replica only ten seconds later.
  const replication = replica.client();
  await until(async () => (await replication.info()).includes('master_link_status:up'));
  const sentinel = await startRedis({
    sentinel: [
      `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
      // With less it calls a server down at times that it has only begun to ask.
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 3000',
    ],
  });
  const client = sentinel.client();
  await until(async () => {
    const found = await client.call('sentinel', 'replicas', 'main');
    // Not one that it has only heard of: it could not be put in place of the primary.
    return Array.isArray(found) && found.length > 0 && flagsOf(found[0]) === 'slave';
  });
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`,
    primary,
    replica,
    async stop() {
      await Promise.all([sentinel, primary, replica].map((server) => server.stop()));
    },
  };
}

/** What a sentinel thinks of a server, such as `slave,disconnected`. */
function flagsOf(server: unknown): unknown {
  return Array.isArray(server) ? server[server.indexOf('flags') + 1] : undefined;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + patienceMs;
  while (!(await check())) {
    if (performance.now() > endsAt) throw new Error('the sentinel found no replica');
    await delay(20);
  }
}
