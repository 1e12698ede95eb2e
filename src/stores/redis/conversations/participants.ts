import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { ConversationSummary } from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';

/** Conversations that are looked at together. */
const batch = 100;
/** Characters of a conversation's oldest message that a summary has. */
const beganChars = 100;

/** A person's conversations, as a list shows them. */
export class Participants {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #log: Log;

  constructor(connection: Connection, keys: Keys, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#log = log;
  }

  /** Latest first, at most so many. What moves up between two looks is there once. */
  async conversationsOf(
    platform: string,
    author: string,
    most: number,
  ): Promise<ConversationSummary[]> {
    const { person } = this.#keys.ofPerson(platform, author);
    const found = new Map<ConversationId, ConversationSummary>();
    for (let from = 0; found.size < most; from += batch) {
      const pairs = await this.#connection.send(() =>
        this.#connection.client.zrevrange(person, from, from + batch - 1, 'WITHSCORES'),
      );
      const ids = pairs.filter((_each, i) => i % 2 === 0) as ConversationId[];
      const summaries = await Promise.all(
        ids.map((id, i) => this.#summary(id, author, Number(pairs[2 * i + 1]))),
      );
      for (const summary of summaries) {
        if (summary !== undefined && !found.has(summary.conversation)) {
          found.set(summary.conversation, summary);
        }
      }
      if (ids.length < batch) break;
    }
    return [...found.values()].slice(0, most);
  }

  /** Undefined where they asked nothing, nothing is kept, or what is kept is damaged. */
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
        firstText: Array.from(text).slice(0, beganChars).join(''),
      };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error({ err: error, conversation }, 'damaged conversation not listed');
      return undefined;
    }
  }
}
