import { parseConversationId, type ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';

/** From so many questions that may be open on, we look which ones are, where nothing limits them. */
const tidyFrom = 50;
/** How long a question counts as open before it is there, in milliseconds. */
const reserveMs = 10_000;

/**
 * Where people wrote, and which of their questions may be open, in partitions of their own.
 *
 * A person's set of open questions is only ever too large: a question is put in with it, or, in a
 * cluster, just before it; and taken out when somebody looks, not when it is answered, as that
 * happens in another partition. So who seems to have too many open is looked at first (`tidy`):
 * nobody is refused for what is answered already.
 */
export class PersonIndex {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #stayMs: number;
  readonly #log: Log;
  /** Sets of people that are being looked through. */
  readonly #tidying = new Set<string>();

  constructor(connection: Connection, keys: Keys, options: { stayMs: number; log: Log }) {
    this.#connection = connection;
    this.#keys = keys;
    this.#stayMs = options.stayMs;
    this.#log = options.log;
  }

  /** How a question is named in its author's set. */
  memberOf(conversation: ConversationId, id: string): string {
    return `${conversation}\n${id}`;
  }

  /**
   * In a cluster: notes where somebody writes; false if they have too many questions open. A round
   * trip of its own, before the message is taken in: no script writes to two partitions, and what
   * is taken in may be claimed at once, too late for a limit or for being found by `forget`.
   */
  async reserve(message: Message, asks: boolean, mostOpen: number | undefined): Promise<boolean> {
    const { conversation, id, author } = message;
    const { platform } = parseConversationId(conversation);
    const reply = await this.#connection.runScript(
      'reserve-question',
      this.#keys.ofPerson(platform, author.id),
      {
        conversation,
        member: this.memberOf(conversation, id),
        asks: asks ? 1 : 0,
        mostOpen: mostOpen ?? '',
        stayMs: this.#stayMs,
        reserveMs,
      },
    );
    const [state, open] = reply as [string, number];
    if (state === 'crowded') return false;
    this.pruneIfMany(platform, author.id, open, mostOpen);
    return true;
  }

  /**
   * In a cluster: the message is there, or never will be. A question counts from now on if it is;
   * and where its author writes is noted once more: who was forgotten between the two steps would
   * not be found there by a later `forget`.
   */
  commit({ conversation, id, author }: Message): void {
    const keys = this.#keys.ofPerson(parseConversationId(conversation).platform, author.id);
    const member = this.memberOf(conversation, id);
    const stayMs = this.#stayMs;
    this.#inBackground(() =>
      this.#connection.runScript('commit-question', keys, { conversation, member, stayMs }),
    );
  }

  /** Looks through a person's questions, in the background, once there seem to be many. */
  pruneIfMany(platform: string, author: string, open: number, mostOpen?: number): void {
    const key = `${platform}:${author}`;
    if (open < Math.max(2, (mostOpen ?? 2 * tidyFrom) / 2) || this.#tidying.has(key)) return;
    this.#tidying.add(key);
    this.#inBackground(() =>
      this.pruneAnswered(platform, author).finally(() => this.#tidying.delete(key)),
    );
  }

  /** Takes what is answered out of a person's open questions; returns how many are open. */
  async pruneAnswered(platform: string, author: string): Promise<number> {
    const { client } = this.#connection;
    const { open } = this.#keys.ofPerson(platform, author);
    const found = await this.#connection.send(() =>
      client.zrangebyscore(open, '-inf', '+inf', 'WITHSCORES'),
    );
    const members = found.filter((_each, i) => i % 2 === 0);
    const known = await Promise.all(
      members.map((member, i) => this.#isOpen(member, Number(found[2 * i + 1]))),
    );
    const over = members.filter((_member, i) => known[i] === false);
    if (over.length > 0) await this.#connection.send(() => client.zrem(open, ...over));
    return members.length - over.length;
  }

  async #isOpen(member: string, reservedUntil: number): Promise<boolean> {
    if (reservedUntil > Date.now()) return true;
    const { questions = '' } = this.#keys.ofConversation(conversationIn(member));
    const id = member.slice(member.indexOf('\n') + 1);
    const { client } = this.#connection;
    return (await this.#connection.send(() => client.hexists(questions, id))) === 1;
  }

  #inBackground(step: () => Promise<unknown>): void {
    void step().catch((error: unknown) => {
      this.#log.debug({ err: error }, 'note of a person not kept');
    });
  }

  /** Notes that people wrote in a conversation. */
  async note(conversation: ConversationId, authors: readonly string[]): Promise<void> {
    const { platform } = parseConversationId(conversation);
    await Promise.all(
      authors.map((author) =>
        this.#connection.runScript('reserve-question', this.#keys.ofPerson(platform, author), {
          conversation,
          member: '',
          asks: 0,
          mostOpen: '',
          stayMs: this.#stayMs,
          reserveMs: 0,
        }),
      ),
    );
  }

  /** Notes it once more, in the background, now that what they wrote is there. */
  noteAgain(conversation: ConversationId, authors: readonly string[]): void {
    this.#inBackground(() => this.note(conversation, authors));
  }

  /** Conversations in which a person wrote, with when that was, to be handed to `unlink`. */
  async conversations(platform: string, author: string): Promise<[ConversationId, string][]> {
    const { person } = this.#keys.ofPerson(platform, author);
    const found = await this.#connection.send(() =>
      this.#connection.client.zrangebyscore(person, '-inf', '+inf', 'WITHSCORES'),
    );
    const pairs: [ConversationId, string][] = [];
    for (let i = 0; i + 1 < found.length; i += 2) {
      pairs.push([found[i] as ConversationId, found[i + 1] ?? '']);
    }
    return pairs;
  }

  /** Forgets that a person wrote in a conversation, unless they did so again since `at`. */
  async unnote(
    platform: string,
    author: string,
    conversation: ConversationId,
    at: string,
  ): Promise<void> {
    const keys = this.#keys.ofPerson(platform, author);
    await this.#connection.runScript('unnote-person', keys, { conversation, at });
  }

  /** When each of these people wrote in a conversation, to be handed to `leave`. */
  notedAt(conversation: ConversationId, authors: readonly string[]): Promise<[string, string][]> {
    const { platform } = parseConversationId(conversation);
    return Promise.all(
      authors.map(async (author): Promise<[string, string]> => {
        const { person } = this.#keys.ofPerson(platform, author);
        const { client } = this.#connection;
        return [
          author,
          (await this.#connection.send(() => client.zscore(person, conversation))) ?? '',
        ];
      }),
    );
  }

  /** Forgets that people wrote in a conversation that is gone, unless they did so again since. */
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
}

function conversationIn(member: string): ConversationId {
  return member.slice(0, member.indexOf('\n')) as ConversationId;
}
