import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startRedis, type RedisServer } from './server.ts';

const slots = 16_384;
const patienceMs = 20_000;

export interface RedisCluster {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Starts a cluster of so many primaries. */
export async function startCluster(count: number): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: count }, async () =>
      startRedis({
        args: ['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`],
      }),
    ),
  );
  const clients = nodes.map((node) => node.client());
  const [first] = clients;
  const share = Math.ceil(slots / count);
  for (const [i, client] of clients.entries()) {
    const last = Math.min(slots, (i + 1) * share) - 1;
    await client.call('cluster', 'addslotsrange', i * share, last);
    if (i > 0)
      await client.call('cluster', 'meet', '127.0.0.1', nodes[0]!.port, await busPort(first!));
  }
  const endsAt = performance.now() + patienceMs;
  for (const client of clients) {
    for (;;) {
      const info = String(await client.call('cluster', 'info'));
      if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`)) break;
      if (performance.now() > endsAt) throw new Error(`the cluster did not form:\n${info}`);
      await delay(20);
    }
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** Where the others find a node of the cluster. */
async function busPort(client: ReturnType<RedisServer['client']>): Promise<string> {
  const nodes = String(await client.call('cluster', 'nodes'));
  const found = /@(\d+)\S* myself/.exec(nodes)?.[1];
  if (found === undefined) throw new Error(`no port in:\n${nodes}`);
  return found;
}
