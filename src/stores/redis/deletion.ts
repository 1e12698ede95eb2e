// Tested by test/contract/store/redis.test.ts
import type { ConversationId } from '../../core/domain/conversation.ts';
import type { Log } from '../../core/ports/log.ts';
import type { ForgetResult } from '../../core/ports/store.ts';
import type { Connection } from './connection/connection.ts';
import { isDamage } from './connection/errors.ts';
import type { PersonIndex } from './conversations/person-index.ts';
import { allPartitions, type Keys } from './keys.ts';
import type { RecordReader } from './records.ts';

/** Records that are read at a time. */
const readBatch = 200;
/** Entries that one step of a sweep deletes: other steps run in between. */
const sweepBatch = 100;
/** Conversations of a partition that are listed for a sweep, and swept at the same time. */
const mostDue = 1_000;
const atOnce = 20;

/** What is stored of people beside their messages. */
interface PersonRecords {
  forget(platform: string, author: string): Promise<void>;
}

interface ErasureOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly reader: RecordReader;
  readonly persons: PersonIndex;
  readonly others: readonly PersonRecords[];
}

/** Deletes conversations, and what people wrote. */
export class Erasure {
  readonly #options: ErasureOptions;

  constructor(options: ErasureOptions) {
    this.#options = options;
  }

  async forgetConversation(conversation: ConversationId): Promise<number> {
    const { connection, keys, persons } = this.#options;
    const authors = new Set((await this.#authors(conversation)).values());
    const noted = await persons.notedAt(conversation, [...authors]);
    const ofIt = keys.ofConversation(conversation);
    const deleted = await connection.runScript('forget-conversation', ofIt, { conversation });
    await persons.unnoteAll(conversation, noted);
    return Number(deleted);
  }

  /** Ids of messages stay for their time: they keep repeated deliveries out. */
  async forgetPerson(platform: string, author: string): Promise<ForgetResult> {
    const { connection, keys, persons, others } = this.#options;
    const total = { deleted: 0, remaining: 0 };
    for (const [conversation, at] of await persons.conversations(platform, author)) {
      const authors = await this.#authors(conversation);
      const ids = [...authors].filter(([, each]) => each === author).map(([id]) => id);
      const ofIt = keys.ofConversation(conversation);
      const args = { conversation, author };
      const deleted = Number(await connection.runScript('forget-person', ofIt, args, ids));
      const remaining = Math.max(0, ids.length - deleted);
      // Where a question is still being answered, the note of its conversation stays, too.
      if (remaining === 0) await persons.unnote(platform, author, conversation, at);
      total.deleted += deleted;
      total.remaining += remaining;
    }
    await persons.pruneAnswered(platform, author);
    for (const other of others) await other.forget(platform, author);
    return total;
  }

  /** Authors by id of their messages. In this order of reading, a message that moves on is found. */
  async #authors(conversation: ConversationId): Promise<Map<string, string>> {
    const { connection, keys, reader } = this.#options;
    const { questions, entries } = keys.ofConversation(conversation);
    const ids: string[] = [];
    for (const key of [questions, entries]) {
      ids.push(...(await connection.send((client) => client.hkeys(key))));
    }
    const found = new Map<string, string>();
    for (let i = 0; i < ids.length; i += readBatch) {
      const some = ids.slice(i, i + readBatch);
      for (const key of [questions, entries]) {
        const records = await connection.send((client) => client.hmget(key, ...some));
        const lines = records.filter((record) => record !== null).join(',\n');
        for (const { id, role, author } of reader.entries(conversation, lines)) {
          if (role === 'user' && author !== undefined) found.set(id, author.id);
        }
      }
    }
    return found;
  }
}

/** Deletes what is older than the retention time. Several instances may do so at the same time. */
export class Retention {
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

  async sweep(): Promise<number> {
    const due = await Promise.all(allPartitions.map((at) => this.#due(at)));
    let total = 0;
    // One after the other: a sweep is in no hurry, and everything else waits for Redis meanwhile.
    for (const [at, some] of due.entries()) total += await this.#sweepPartition(at, some);
    return total;
  }

  async #sweepPartition(at: number, due: readonly ConversationId[]): Promise<number> {
    let total = 0;
    for (let found = due; ; found = await this.#due(at)) {
      let deleted = 0;
      for (let i = 0; i < found.length; i += atOnce) {
        const some = found.slice(i, i + atOnce);
        const counts = await Promise.all(some.map((each) => this.#sweepConversation(each)));
        deleted += counts.reduce((sum, each) => sum + each, 0);
      }
      total += deleted;
      // The rest is damaged, or due only by this machine's clock.
      if (found.length < mostDue || deleted === 0) return total;
    }
  }

  /** Some of a partition's conversations in which something may be too old. */
  async #due(at: number): Promise<ConversationId[]> {
    const { due } = this.#keys.ofPartition(at);
    const before = `(${Date.now() - this.#retentionMs}`;
    try {
      return (await this.#connection.send((client) =>
        client.zrangebyscore(due, '-inf', before, 'LIMIT', 0, mostDue),
      )) as ConversationId[];
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, partition: at }, 'damaged partition not swept');
      return [];
    }
  }

  async #sweepConversation(conversation: ConversationId): Promise<number> {
    const keys = this.#keys.ofConversation(conversation);
    const args = { conversation, batch: sweepBatch };
    try {
      for (let total = 0; ;) {
        const deleted = Number(await this.#connection.runScript('sweep', keys, args));
        total += deleted;
        if (deleted < sweepBatch) return total;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, conversation }, 'damaged conversation not swept');
      return 0;
    }
  }
}
