// Tested by test/contract/store/redis.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import {
  type ConversationSummary,
  firstTextChars,
  type Participation,
} from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';
import { pairsOf } from '../records.ts';

/** Conversations that are summarised at the same time. */
const batch = 100;

/** Who has asked the bot something in which conversation, and their lists of conversations. */
export class Participants {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #log: Log;

  constructor(connection: Connection, keys: Keys, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#log = log;
  }

  async participation(conversation: ConversationId): Promise<Participation | undefined> {
    const { people } = this.#keys.ofConversation(conversation);
    const found = await this.#connection.send((client) => client.hkeys(people));
    const ids = found.filter((field) => field.startsWith('@')).map((field) => field.slice(1));
    return ids.length === 0 ? undefined : { opened: found.includes('opened'), people: ids };
  }

  async rename(conversation: ConversationId, author: string, title: string): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    const args = { author, title: title.toWellFormed() };
    return (await this.#connection.runScript('rename', keys, args)) === 1;
  }

  async conversationsOf(
    platform: string,
    author: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    const { person } = this.#keys.ofPerson(platform, author);
    // By id: a conversation that moves up between two batches is in both.
    const found = new Map<ConversationId, ConversationSummary>();
    for (let from = 0; found.size < most; from += batch) {
      const pairs = pairsOf(
        await this.#connection.send((client) =>
          client.zrevrange(person, from, from + batch - 1, 'WITHSCORES'),
        ),
      );
      const summaries = await Promise.all(
        pairs.map(([id, at]) => this.#summary(id as ConversationId, author, Number(at))),
      );
      for (const summary of summaries) {
        if (summary !== undefined && !found.has(summary.conversation)) {
          found.set(summary.conversation, summary);
        }
      }
      if (pairs.length < batch) break;
    }
    return [...found.values()].slice(0, most);
  }

  /** Undefined where the author asked nothing, nothing is kept, or what is kept is damaged. */
  async #summary(
    conversation: ConversationId,
    author: string,
    at: number,
  ): Promise<ConversationSummary | undefined> {
    const keys = this.#keys.ofConversation(conversation);
    try {
      const reply = await this.#connection.runScript('conversation-summary', keys, { author });
      if (reply === null) return undefined;
      const [name = '', text = ''] = reply as string[];
      return {
        conversation,
        lastAskedAt: Math.floor(at),
        ...(name !== '' && { name }),
        firstText: Array.from(text).slice(0, firstTextChars).join(''),
      };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, conversation }, 'damaged conversation not listed');
      return undefined;
    }
  }
}
