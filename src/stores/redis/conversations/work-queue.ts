import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type {
  QueueDepth,
  OpenConversation,
  UnclaimedConversation,
} from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import { partitions, type NamedKeys, type Keys } from '../keys.ts';

/** More than anybody works off before they look again. */
const waitingLimit = 1_000;
const activeLimit = 1_000;
const inHandLimit = 10_000;
/** Conversations of a partition whose owner died, and whose age is looked at; the first ones. */
const lookedAt = 50;

export interface WorkQueueOptions {
  readonly takeoverGraceMs: number;
  readonly log: Log;
}

/** What is asked of all partitions: in one round trip, though not at one moment. */
export class WorkQueue {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #takeoverGraceMs: number;
  readonly #log: Log;
  /** What is damaged, as the log was told; it is asked for every few seconds. */
  readonly #told = new Set<string>();

  constructor(connection: Connection, keys: Keys, options: WorkQueueOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#takeoverGraceMs = options.takeoverGraceMs;
    this.#log = options.log;
  }

  async unclaimed(): Promise<UnclaimedConversation[]> {
    const graceMs = this.#takeoverGraceMs;
    const found = await this.#ofEach('', async (keys) => {
      const reply = await this.#connection.runScript('unclaimed', keys, {
        graceMs,
        limit: waitingLimit,
      });
      return triplesOf(reply as string[]);
    });
    return found
      .toSorted((a, b) => a.since - b.since)
      .slice(0, waitingLimit)
      .map(({ conversation, attempts }) => ({ conversation, attempts }));
  }

  async openConversations(): Promise<OpenConversation[]> {
    const found = await this.#ofEach('', async (keys) => {
      const reply = await this.#connection.runScript('open-conversations', keys, {
        limit: inHandLimit,
      });
      return inHandOf(reply as string[]);
    });
    return found.toSorted((a, b) => a.since - b.since).slice(0, inHandLimit);
  }

  async queueDepth(): Promise<QueueDepth> {
    const graceMs = this.#takeoverGraceMs;
    const found = await this.#ofEach('', async (keys) => {
      const reply = await this.#connection.runScript('queue-depth', keys, {
        graceMs,
        limit: lookedAt,
      });
      const [waiting = 0, running = 0, oldestMs = -1] = (reply as unknown[]).map(Number);
      return [{ waiting, running, oldestMs }];
    });
    const oldestMs = Math.max(...found.map((each) => each.oldestMs));
    return {
      waiting: found.reduce((sum, each) => sum + each.waiting, 0),
      running: found.reduce((sum, each) => sum + each.running, 0),
      ...(oldestMs < 0 ? {} : { oldestWaitMs: oldestMs }),
    };
  }

  async recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    const { client } = this.#connection;
    const found = await this.#ofEach(platform, async ({ active = '' }) => {
      const pairs = await this.#connection.send(() =>
        client.zrevrangebyscore(active, '+inf', since, 'WITHSCORES', 'LIMIT', 0, activeLimit),
      );
      return pairs.flatMap((conversation, i) =>
        i % 2 === 0
          ? [{ conversation: conversation as ConversationId, at: Number(pairs[i + 1]) }]
          : [],
      );
    });
    return found
      .toSorted((a, b) => b.at - a.at)
      .slice(0, activeLimit)
      .map(({ conversation }) => conversation);
  }

  /** Writes where writes go: to one partition, or, in a cluster, to all, as each may lie elsewhere. */
  async checkWritable(): Promise<void> {
    const { client, cluster } = this.#connection;
    const numbers = cluster ? Array.from({ length: partitions }, (_, at) => at) : [0];
    await Promise.all(
      numbers.map((at) => {
        const { check = '' } = this.#keys.ofPartition(at);
        return this.#connection.send(() => client.set(check, Date.now(), 'EX', 60));
      }),
    );
  }

  async #ofEach<T>(platform: string, ask: (keys: NamedKeys) => Promise<T[]>): Promise<T[]> {
    const answers = await Promise.all(
      Array.from({ length: partitions }, (_, at) => this.#unlessDamaged(at, platform, ask)),
    );
    return answers.flat();
  }

  /** One that is damaged must not keep the others from being seen. */
  async #unlessDamaged<T>(
    at: number,
    platform: string,
    ask: (keys: NamedKeys) => Promise<T[]>,
  ): Promise<T[]> {
    const what = `${at} ${platform}`;
    try {
      const answer = await ask(this.#keys.ofPartition(at, platform));
      this.#told.delete(what);
      return answer;
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (!this.#told.has(what)) {
        this.#log.error({ err: error, partition: at }, 'damaged partition left out');
      }
      this.#told.add(what);
      return [];
    }
  }
}

function triplesOf(
  reply: readonly string[],
): (UnclaimedConversation & { readonly since: number })[] {
  const triples = [];
  for (let i = 0; i < reply.length; i += 3) {
    const [conversation = '', attempts, since] = reply.slice(i, i + 3);
    triples.push({
      conversation: conversation as ConversationId,
      attempts: Number(attempts),
      since: Number(since),
    });
  }
  return triples;
}

function inHandOf(reply: readonly string[]): OpenConversation[] {
  const found = [];
  for (let i = 0; i < reply.length; i += 3) {
    const [conversation = '', owned, since] = reply.slice(i, i + 3);
    found.push({
      conversation: conversation as ConversationId,
      owned: owned === '1',
      since: Number(since),
    });
  }
  return found;
}
