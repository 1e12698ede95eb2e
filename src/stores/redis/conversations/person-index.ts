// Tested by test/contract/store/redis.test.ts
import { type ConversationId, parseConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';
import { pairsOf } from '../records.ts';

/** Without `mostOpen`, a person's set of possibly open questions is pruned from this size on. */
const pruneFrom = 50;
/** Time for which a question counts as open before it is stored, in milliseconds. */
const reserveMs = 10_000;

/**
 * In which conversations people wrote, and which of their questions may be open; in partitions of
 * their own.
 *
 * A person's set of open questions is never too small, but may be too large: a question is added
 * with its message or, in a cluster, just before it; it is removed when the set is pruned, not when
 * it is answered, which happens in another partition. So the set of somebody who seems to have too
 * many is pruned first: no question is refused for one that is answered already.
 */
export class PersonIndex {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #log: Log;
  /** People whose sets are being pruned. */
  readonly #pruning = new Set<string>();

  constructor(connection: Connection, keys: Keys, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#log = log;
  }

  /** A question's name in its author's set. */
  memberOf(conversation: ConversationId, id: string): string {
    return `${conversation}\n${id}`;
  }

  /**
   * Cluster only, before the message is taken in: notes where its author writes; false if they have
   * too many open questions. A round trip of its own, as no script writes to two partitions; and
   * first, as a stored question may be claimed at once, too late for a limit or for `forget`.
   */
  async reserve(message: Message, asks: boolean, mostOpen: number | undefined): Promise<boolean> {
    const { conversation, id, author } = message;
    const member = asks ? this.memberOf(conversation, id) : '';
    const [state, open] = await this.#note(conversation, author.id, { member, mostOpen });
    if (state === 'maybe-too-many') return false;
    this.pruneIfMany(parseConversationId(conversation).platform, author.id, open, mostOpen);
    return true;
  }

  /**
   * Cluster only, after the message was taken in or was not: its question counts as open from now on
   * if it is stored. Notes again where its author wrote, as a `forget` may have deleted the note.
   */
  commit({ conversation, id, author }: Message): void {
    const keys = this.#keys.ofPerson(parseConversationId(conversation).platform, author.id);
    const member = this.memberOf(conversation, id);
    this.#inBackground(() =>
      this.#connection.runScript('commit-question', keys, { conversation, member }),
    );
  }

  /** Prunes a person's set of open questions, in the background, once it is large. */
  pruneIfMany(platform: string, author: string, open: number, mostOpen?: number): void {
    const key = `${platform}:${author}`;
    if (open < Math.max(2, (mostOpen ?? 2 * pruneFrom) / 2) || this.#pruning.has(key)) return;
    this.#pruning.add(key);
    this.#inBackground(() =>
      this.pruneAnswered(platform, author).finally(() => this.#pruning.delete(key)),
    );
  }

  /** Removes answered questions from a person's set; returns how many are open. */
  async pruneAnswered(platform: string, author: string): Promise<number> {
    const { open } = this.#keys.ofPerson(platform, author);
    const members = await this.#membersOf(open);
    const isOpen = await Promise.all(
      members.map(([member, at]) => this.#isOpen(member, Number(at))),
    );
    const answered = members.filter((_, i) => isOpen[i] === false).map(([member]) => member);
    if (answered.length > 0) {
      await this.#connection.send((client) => client.zrem(open, ...answered));
    }
    return members.length - answered.length;
  }

  async #isOpen(member: string, reservedUntil: number): Promise<boolean> {
    if (reservedUntil > Date.now()) return true;
    const at = member.indexOf('\n');
    const { questions } = this.#keys.ofConversation(member.slice(0, at) as ConversationId);
    const id = member.slice(at + 1);
    return (await this.#connection.send((client) => client.hexists(questions, id))) === 1;
  }

  /** Notes that people wrote in a conversation. */
  async note(conversation: ConversationId, authors: readonly string[]): Promise<void> {
    await Promise.all(authors.map((author) => this.#note(conversation, author, { member: '' })));
  }

  /** The same, in the background, once their messages are stored. */
  noteAgain(conversation: ConversationId, authors: readonly string[]): void {
    this.#inBackground(() => this.note(conversation, authors));
  }

  /** Conversations in which a person wrote, each with when they last did, for `unnote`. */
  async conversations(platform: string, author: string): Promise<[ConversationId, string][]> {
    const { person } = this.#keys.ofPerson(platform, author);
    return (await this.#membersOf(person)) as [ConversationId, string][];
  }

  /** Forgets that a person wrote in a conversation, unless they wrote there again since `at`. */
  async unnote(
    platform: string,
    author: string,
    conversation: ConversationId,
    at: string,
  ): Promise<void> {
    const keys = this.#keys.ofPerson(platform, author);
    await this.#connection.runScript('unnote-person', keys, { conversation, at });
  }

  /** When each of these people last wrote in a conversation, for `unnoteAll`. */
  notedAt(conversation: ConversationId, authors: readonly string[]): Promise<[string, string][]> {
    const { platform } = parseConversationId(conversation);
    return Promise.all(
      authors.map(async (author): Promise<[string, string]> => {
        const { person } = this.#keys.ofPerson(platform, author);
        const at = await this.#connection.send((client) => client.zscore(person, conversation));
        return [author, at ?? ''];
      }),
    );
  }

  /** Forgets that people wrote in a deleted conversation, unless they wrote there again since. */
  async unnoteAll(
    conversation: ConversationId,
    noted: readonly (readonly [author: string, at: string])[],
  ): Promise<void> {
    const { platform } = parseConversationId(conversation);
    await Promise.all(
      noted.map(async ([author, at]) => {
        await this.unnote(platform, author, conversation, at);
        await this.pruneAnswered(platform, author);
      }),
    );
  }

  /** @param question its member is empty where nothing is asked */
  async #note(
    conversation: ConversationId,
    author: string,
    { member, mostOpen }: { member: string; mostOpen?: number | undefined },
  ): Promise<[state: string, open: number]> {
    const keys = this.#keys.ofPerson(parseConversationId(conversation).platform, author);
    const asks = member === '' ? 0 : 1;
    const args = { conversation, member, asks, mostOpen: mostOpen ?? '', reserveMs };
    const reply = await this.#connection.runScript('reserve-question', keys, args);
    return reply as [string, number];
  }

  async #membersOf(key: string): Promise<[member: string, score: string][]> {
    return pairsOf(
      await this.#connection.send((client) =>
        client.zrangebyscore(key, '-inf', '+inf', 'WITHSCORES'),
      ),
    );
  }

  #inBackground(step: () => Promise<unknown>): void {
    void step().catch((error: unknown) => {
      this.#log.debug({ err: error }, 'note of a person not kept');
    });
  }
}
