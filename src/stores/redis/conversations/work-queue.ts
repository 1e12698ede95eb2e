// Tested by test/contract/store/redis.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import {
  mostListed,
  type OpenConversation,
  type QueueDepth,
  type UnclaimedConversation,
} from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import { allPartitions, type Keys } from '../keys.ts';
import { pairsOf } from '../records.ts';

/** Conversations of a partition with a dead owner that are asked how long they wait; the first ones. */
const mostAsked = 50;

type PartitionKeys = ReturnType<Keys['ofPartition']>;

/**
 * Which conversations have something to do. Every method asks all partitions, in one round trip,
 * though not at one moment.
 */
export class WorkQueue {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #log: Log;
  /** Damaged partitions that were logged; they are asked every few seconds. */
  readonly #logged = new Set<string>();

  constructor(connection: Connection, keys: Keys, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#log = log;
  }

  async unclaimed(): Promise<UnclaimedConversation[]> {
    const limit = mostListed.unclaimed;
    const found = await this.#ofEach('', async (keys) =>
      triplesOf(await this.#connection.runScript('unclaimed', keys, { limit })),
    );
    return longestWaiting(found, limit).map(([conversation, attempts]) => {
      return { conversation, attempts: Number(attempts) };
    });
  }

  async openConversations(): Promise<OpenConversation[]> {
    const limit = mostListed.open;
    const found = await this.#ofEach('', async (keys) =>
      triplesOf(await this.#connection.runScript('open-conversations', keys, { limit })),
    );
    return longestWaiting(found, limit).map(([conversation, owned, since]) => {
      return { conversation, owned: owned === '1', since };
    });
  }

  async queueDepth(): Promise<QueueDepth> {
    const found = await this.#ofEach('', async (keys) => {
      const reply = await this.#connection.runScript('queue-depth', keys, { limit: mostAsked });
      const [waiting = 0, running = 0, oldestWaitMs = -1] = (reply as unknown[]).map(Number);
      return [{ waiting, running, oldestWaitMs }];
    });
    const oldestWaitMs = Math.max(...found.map((each) => each.oldestWaitMs));
    return {
      waiting: found.reduce((sum, each) => sum + each.waiting, 0),
      running: found.reduce((sum, each) => sum + each.running, 0),
      ...(oldestWaitMs >= 0 && { oldestWaitMs }),
    };
  }

  async recentlyActive(platform: string, since: number): Promise<ConversationId[]> {
    const limit = mostListed.recentlyActive;
    const found = await this.#ofEach(platform, async ({ active }) =>
      pairsOf(
        await this.#connection.send((client) =>
          client.zrevrangebyscore(active, '+inf', since, 'WITHSCORES', 'LIMIT', 0, limit),
        ),
      ),
    );
    return found
      .toSorted(([, a], [, b]) => Number(b) - Number(a))
      .slice(0, limit)
      .map(([conversation]) => conversation as ConversationId);
  }

  /** Writes to one partition or, in a cluster, to all, as each may be on another node. */
  async checkWritable(): Promise<void> {
    const numbers = this.#connection.cluster ? allPartitions : [0];
    await Promise.all(
      numbers.map((at) => {
        const { check } = this.#keys.ofPartition(at);
        return this.#connection.send((client) => client.set(check, Date.now(), 'EX', 60));
      }),
    );
  }

  async #ofEach<T>(platform: string, ask: (keys: PartitionKeys) => Promise<T[]>): Promise<T[]> {
    return (await Promise.all(allPartitions.map((at) => this.#askOne(at, platform, ask)))).flat();
  }

  /** A damaged partition must not keep the others from being seen. */
  async #askOne<T>(
    at: number,
    platform: string,
    ask: (keys: PartitionKeys) => Promise<T[]>,
  ): Promise<T[]> {
    const what = `${at} ${platform}`;
    try {
      const answer = await ask(this.#keys.ofPartition(at, platform));
      this.#logged.delete(what);
      return answer;
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (!this.#logged.has(what)) {
        this.#log.error({ err: error, partition: at }, 'damaged partition left out');
      }
      this.#logged.add(what);
      return [];
    }
  }
}

/** A conversation, what is said of it, and since when it waits. */
type Triple = [conversation: ConversationId, value: string, since: number];

function triplesOf(reply: unknown): Triple[] {
  const values = reply as string[];
  return Array.from({ length: values.length / 3 }, (_, i): Triple => {
    const [conversation = '', value = '', since] = values.slice(3 * i, 3 * i + 3);
    return [conversation as ConversationId, value, Number(since)];
  });
}

function longestWaiting(found: readonly Triple[], limit: number): Triple[] {
  return found.toSorted(([, , a], [, , b]) => a - b).slice(0, limit);
}
