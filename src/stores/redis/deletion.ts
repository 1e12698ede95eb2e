import type { ConversationId } from '../../core/domain/conversation.ts';
import type { ForgetResult } from '../../core/ports/store.ts';
import type { RecordReader } from './records.ts';
import type { Connection } from './connection/connection.ts';
import { type NamedKeys, type Keys, partitions } from './keys.ts';
import type { PersonIndex } from './conversations/person-index.ts';
import type { Log } from '../../core/ports/log.ts';
import { isDamage } from './connection/errors.ts';

/** Records that are read at a time. */
const batch = 200;

/** Whose words are where in a conversation. */
interface Written {
  readonly author: string;
  readonly id: string;
}

/** What is known of people beside their words. */
interface Account {
  forget(platform: string, author: string): Promise<void>;
}

/** How people take back what they said. */
export class Erasure {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #codec: RecordReader;
  readonly #persons: PersonIndex;
  readonly #accounts: readonly Account[];

  constructor(
    connection: Connection,
    keys: Keys,
    codec: RecordReader,
    persons: PersonIndex,
    accounts: readonly Account[],
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#codec = codec;
    this.#persons = persons;
    this.#accounts = accounts;
  }

  /** Returns how many messages and replies went. */
  async conversation(conversation: ConversationId): Promise<number> {
    const keys = this.#keys.ofConversation(conversation);
    const written = await this.#written(conversation, keys);
    const authors = new Set(written.map(({ author }) => author));
    const noted = await this.#persons.notedAt(conversation, [...authors]);
    const gone = await this.#connection.runScript('forget-conversation', keys, { conversation });
    await this.#persons.unnoteAll(conversation, noted);
    return Number(gone);
  }

  /** Ids stay for their time: they keep deliveries from repeating. */
  async person(platform: string, author: string): Promise<ForgetResult> {
    const total = { deleted: 0, remaining: 0 };
    for (const [conversation, at] of await this.#persons.conversations(platform, author)) {
      const keys = this.#keys.ofConversation(conversation);
      const written = await this.#written(conversation, keys);
      const ids = written.filter((each) => each.author === author).map(({ id }) => id);
      const args = { conversation, author };
      const gone = Number(await this.#connection.runScript('forget-person', keys, args, ids));
      const left = Math.max(0, ids.length - gone);
      // What is being answered stays until it is over, and so does the note where it is.
      if (left === 0) await this.#persons.unnote(platform, author, conversation, at);
      total.deleted += gone;
      total.remaining += left;
    }
    await this.#persons.pruneAnswered(platform, author);
    for (const account of this.#accounts) await account.forget(platform, author);
    return total;
  }

  /** What people wrote in a conversation. Read in this order, nothing is missed that moves on. */
  async #written(conversation: ConversationId, keys: NamedKeys): Promise<Written[]> {
    const ids = [...(await this.#idsIn(keys.questions)), ...(await this.#idsIn(keys.entries))];
    const found = new Map<string, string>();
    for (let i = 0; i < ids.length; i += batch) {
      const some = ids.slice(i, i + batch);
      for (const name of ['questions', 'entries'] as const) {
        const records = await this.#recordsOf(keys[name], some);
        for (const { id, role, author } of this.#codec.entries(conversation, records)) {
          if (role === 'user' && author !== undefined) found.set(id, author.id);
        }
      }
    }
    return Array.from(found, ([id, author]) => ({ id, author }));
  }

  #idsIn(key = ''): Promise<string[]> {
    return this.#connection.send(() => this.#connection.client.hkeys(key));
  }

  async #recordsOf(key = '', ids: readonly string[]): Promise<string> {
    const { client } = this.#connection;
    const records = await this.#connection.send(() => client.hmget(key, ...ids));
    return records.filter((record) => record !== null).join(',\n');
  }
}

/** Entries that a step deletes: others get their turn in between. */
const sweepBatch = 100;
/** Conversations of a partition that are looked at in a row, and at the same time. */
const inRow = 1_000;
const abreast = 20;

/** Deletes what is older than the retention time. Several may do so at the same time. */
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
      return await this.#connection.send(() =>
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
        const gone = Number(await this.#connection.runScript('sweep', keys, args));
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
