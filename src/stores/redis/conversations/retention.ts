import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import { partitions, type Keys } from '../keys.ts';

/** Entries that a step deletes: others get their turn in between. */
const sweepBatch = 100;
/** Conversations of a partition that are looked at in a row, and at the same time. */
const inRow = 1_000;
const abreast = 20;

/** Deletes what is older than the retention time. Several may do so at the same time. */
export class Sweeper {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #retentionMs: number;
  readonly #log: Log;

  constructor(connection: Connection, keys: Keys, options: { retentionMs: number; log: Log }) {
    this.#connection = connection;
    this.#keys = keys;
    this.#retentionMs = options.retentionMs;
    this.#log = options.log;
  }

  /** Returns how many entries went. */
  async sweep(): Promise<number> {
    const all = Array.from({ length: partitions }, (_, at) => at);
    const found = await Promise.all(all.map((at) => this.#due(at)));
    let total = 0;
    // One after the other: nobody waits for a sweep, but everybody for Redis.
    for (const [at, some] of found.entries()) total += await this.#sweepPartition(at, some);
    return total;
  }

  async #sweepPartition(at: number, due: readonly string[]): Promise<number> {
    let total = 0;
    for (let found = due; ; found = await this.#due(at)) {
      let gone = 0;
      for (let i = 0; i < found.length; i += abreast) {
        const some = found.slice(i, i + abreast) as ConversationId[];
        const swept = await Promise.all(some.map((each) => this.#sweepConversation(each)));
        gone += swept.reduce((sum, each) => sum + each, 0);
      }
      total += gone;
      // What is still there then cannot be swept, or is due only by this machine's clock.
      if (found.length < inRow || gone === 0) return total;
    }
  }

  /** Some of a partition's conversations in which something may be too old. */
  async #due(at: number): Promise<string[]> {
    const { due = '' } = this.#keys.ofPartition(at);
    const old = `(${Date.now() - this.#retentionMs}`;
    try {
      return await this.#connection.try(() =>
        this.#connection.client.zrangebyscore(due, '-inf', old, 'LIMIT', 0, inRow),
      );
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, partition: at }, 'damaged partition not swept');
      return [];
    }
  }

  async #sweepConversation(conversation: ConversationId): Promise<number> {
    const keys = this.#keys.ofConversation(conversation);
    const args = { conversation, retentionMs: this.#retentionMs, batch: sweepBatch };
    try {
      for (let total = 0; ;) {
        const gone = Number(await this.#connection.run('sweep', keys, args));
        total += gone;
        if (gone < sweepBatch) return total;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, conversation }, 'damaged conversation not swept');
      return 0;
    }
  }
}
