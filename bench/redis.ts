import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { conversationId, type ConversationId } from '../src/core/domain/conversation.ts';
import type { Store } from '../src/core/ports/store.ts';
import { openRedisStore } from '../src/stores/redis/redis-store.ts';
import { startRedis, type RedisServer } from '../test/redis/server.ts';

const lease = { owner: 'bench', leaseMs: 60_000 };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
/** About what people write, and what they get. */
const questionText = 'How would you do this, and what should I look out for? '.repeat(2);
const replyText = 'It depends on what you want, but this is how I would go about it. '.repeat(12);
/** Turns at the same time in one process. */
const abreast = 64;

export interface RedisResult {
  /** Through inbox and history in one process, without a model or a platform. */
  readonly turnsPerSecond: number;
  /** Of this process for a turn, in milliseconds. */
  readonly cpuMsPerTurn: number;
  /** Before the model is called, and after its reply is complete. */
  readonly roundTripsBefore: number;
  readonly roundTripsAfter: number;
  /** Medians, in milliseconds, of loading the newest 10 or 400 messages of so many. */
  readonly newest10Of10Ms: number;
  readonly newest10Of10000Ms: number;
  readonly newest400Of400Ms: number;
  readonly newest400Of10000Ms: number;
  /** How much more it takes, at worst, where 10,000 were written. */
  readonly loadRatio: number;
  /** Of Redis, for a conversation with five answered questions. */
  readonly bytesPerConversation: number;
}

/** What the shared store costs, against a Redis of its own that syncs every write to its disk. */
export async function benchRedis(turns: number): Promise<RedisResult> {
  const server = await startRedis({ appendonly: true, args: ['--appendfsync', 'everysec'] });
  try {
    const store = await openRedisStore({ url: server.url, retentionMs: 1e12, log: quiet });
    try {
      await throughput(store, turns / 10);
      return {
        ...(await throughput(store, turns)),
        ...(await roundTrips(server)),
        ...(await loading(server)),
        ...(await memory(server, store)),
      };
    } finally {
      await store.close();
    }
  } finally {
    await server.stop();
  }
}

let count = 0;

function newConversation(): ConversationId {
  count += 1;
  return conversationId('bench', `C${count}`);
}

async function before(store: Store, conversation: ConversationId, id: string) {
  const message = {
    id,
    conversation,
    author: { id: `U${count % 1_000}`, name: 'Somebody' },
    text: questionText,
    sentAt: Date.now(),
    kind: 'question' as const,
  };
  const options = { stops: false, tokens: 24, mostOpen: 20 };
  const { work } = await store.acceptAndClaim(message, options, lease);
  if (work === undefined) throw new Error('nothing to claim');
  return work;
}

async function after(store: Store, { claim }: Awaited<ReturnType<typeof before>>): Promise<void> {
  await store.storeEnding(claim, { outcome: 'done', text: replyText });
  await store.finish(claim, lease, 180);
}

async function throughput(store: Store, turns: number) {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let left = Math.floor(turns);
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await after(store, await before(store, newConversation(), 'question'));
    }
  };
  await Promise.all(Array.from({ length: abreast }, work));
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    turnsPerSecond: turns / seconds,
    cpuMsPerTurn: (cpu.user + cpu.system) / 1_000 / turns,
  };
}

async function roundTrips(server: RedisServer) {
  const counter = await RoundTrips.start(server.port);
  const store = await openRedisStore({ url: counter.url, retentionMs: 1e12, log: quiet });
  try {
    await after(store, await before(store, newConversation(), 'question'));
    const start = counter.count;
    const work = await before(store, newConversation(), 'question');
    const middle = counter.count;
    await after(store, work);
    return { roundTripsBefore: middle - start, roundTripsAfter: counter.count - middle };
  } finally {
    await store.close();
    counter.stop();
  }
}

async function loading(server: RedisServer) {
  const load = async (newest: number, written: number): Promise<number> => {
    const { url } = server;
    const store = await openRedisStore({
      url,
      retentionMs: 1e12,
      historyLimit: newest,
      log: quiet,
    });
    const conversation = newConversation();
    for (let i = 0; i < written; i += 500) {
      const some = Array.from({ length: Math.min(500, written - i) }, (_, j) => ({
        id: `${i + j}`,
        role: 'user' as const,
        author: { id: 'U1', name: 'Somebody' },
        text: questionText,
        at: 1_700_000_000_000 + i + j,
        tokens: 24,
      }));
      await store.addEarlierHistory(conversation, some);
    }
    const times: number[] = [];
    for (let i = 0; i < 500; i += 1) {
      const startedAt = performance.now();
      await store.conversationView(conversation);
      times.push(performance.now() - startedAt);
    }
    await store.close();
    return times.toSorted((a, b) => a - b)[250] ?? 0;
  };
  await load(400, 400);
  const newest10Of10Ms = await load(10, 10);
  const newest10Of10000Ms = await load(10, 10_000);
  const newest400Of400Ms = await load(400, 400);
  const newest400Of10000Ms = await load(400, 10_000);
  const loadRatio = Math.max(
    newest10Of10000Ms / newest10Of10Ms,
    newest400Of10000Ms / newest400Of400Ms,
  );
  return { newest10Of10Ms, newest10Of10000Ms, newest400Of400Ms, newest400Of10000Ms, loadRatio };
}

async function memory(server: RedisServer, store: Store) {
  const conversations = 500;
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await server.client().info('memory'))?.[1]);
  const usedBefore = await used();
  for (let i = 0; i < conversations; i += 1) {
    const conversation = newConversation();
    for (let turn = 0; turn < 5; turn += 1) {
      await after(store, await before(store, conversation, `${turn}`));
    }
  }
  return { bytesPerConversation: ((await used()) - usedBefore) / conversations };
}

/** A way to Redis that counts how often somebody waits for an answer. */
class RoundTrips {
  count = 0;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      let answered = true;
      near.on('data', () => {
        if (answered) this.count += 1;
        answered = false;
      });
      far.on('data', () => (answered = true));
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => {});
    });
  }

  static async start(port: number): Promise<RoundTrips> {
    const server = createServer();
    const counter = new RoundTrips(server, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return counter;
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number };
    return `redis://127.0.0.1:${port}`;
  }

  stop(): void {
    this.#server.close();
  }
}
