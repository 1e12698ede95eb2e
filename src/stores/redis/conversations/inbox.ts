// Tested by test/contract/store/redis.test.ts
import { type ConversationId, parseConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Receipt } from '../../../core/ports/platform.ts';
import type {
  AcceptAndClaimResult,
  AcceptOptions,
  AcceptResult,
  Lease,
} from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';
import type { Arg, Args } from '../lua-scripts.ts';
import { encode, toRecord } from '../records.ts';
import type { PersonIndex } from './person-index.ts';
import type { Turns } from './turns.ts';

type AcceptScript = 'accept' | 'accept-and-claim';

export interface InboxOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly persons: PersonIndex;
  readonly turns: Turns;
  readonly log: Log;
}

/** Takes messages in, and changes or drops them before their turn. */
export class Inbox {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #persons: PersonIndex;
  readonly #turns: Turns;
  readonly #log: Log;

  constructor({ connection, keys, persons, turns, log }: InboxOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#persons = persons;
    this.#turns = turns;
    this.#log = log;
  }

  async accept(message: Message, options: AcceptOptions): Promise<AcceptResult> {
    const [receipt] = await this.#accept('accept', message, options, {});
    return receipt;
  }

  async acceptAndClaim(
    message: Message,
    options: AcceptOptions,
    lease: Lease,
  ): Promise<AcceptAndClaimResult> {
    const { conversation } = message;
    let receipt: AcceptResult | undefined;
    try {
      const [result, found] = await this.#turns.withTicket(conversation, lease, (claimArgs) =>
        this.#accept('accept-and-claim', message, options, claimArgs),
      );
      receipt = result;
      const work = await this.#turns.toClaimedTurn(conversation, lease, found);
      return { receipt, ...(work !== undefined && { work }) };
    } catch (error) {
      // Perhaps only a key that a claim needs is damaged: the question is stored without a claim.
      if (receipt === undefined && !isDamage(error)) throw error;
      receipt ??= await this.accept(message, options);
      this.#log.warn({ err: error, conversation }, 'claim failed beside its question');
      return { receipt };
    }
  }

  /** Returns the receipt, and what was claimed with the message. */
  async #accept(
    script: AcceptScript,
    message: Message,
    options: AcceptOptions,
    claimArgs: Args,
  ): Promise<[receipt: AcceptResult, found?: unknown]> {
    const { platform } = parseConversationId(message.conversation);
    const { mostOpen = Number.POSITIVE_INFINITY } = options;
    for (;;) {
      const [receipt, found] = await this.#tryAccept(script, message, options, claimArgs);
      if (receipt !== 'maybe-too-many') return [receipt, found];
      const open = await this.#persons.pruneAnswered(platform, message.author.id);
      if (open >= mostOpen) return ['too-many'];
    }
  }

  async #tryAccept(
    script: AcceptScript,
    message: Message,
    { stops, tokens, mostOpen }: AcceptOptions,
    claimArgs: Args,
  ): Promise<[receipt: Receipt | 'maybe-too-many', found?: unknown]> {
    const { conversation, id: messageId, author, sentAt, kind, opens } = message;
    const { platform } = parseConversationId(conversation);
    const { cluster } = this.#connection;
    const asks = kind === 'question' && !stops;
    if (cluster && !(await this.#persons.reserve(message, asks, mostOpen))) {
      return [(await this.#isStored(message)) ? 'duplicate' : 'maybe-too-many'];
    }
    const keys = {
      ...this.#keys.ofConversation(conversation),
      ...this.#keys.ofPerson(platform, author.id),
    };
    const reply = await this.#connection.runScript(script, keys, {
      conversation,
      messageId,
      at: sentAt,
      kind,
      record: toRecord(message, tokens),
      author: author.id,
      opens: opens === true ? 1 : 0,
      stops: stops ? 1 : 0,
      mostOpen: mostOpen ?? '',
      member: this.#persons.memberOf(conversation, messageId),
      ...claimArgs,
    });
    if (cluster) this.#persons.commit(message);
    const [receipt, open, found] = reply as [Receipt | 'maybe-too-many', number | null, unknown];
    if (receipt === 'queued') {
      this.#persons.pruneIfMany(platform, author.id, open ?? 0, mostOpen);
    }
    return [receipt, found];
  }

  /** A message that was taken in before is not refused as one too many. */
  async #isStored({ conversation, id }: Message): Promise<boolean> {
    const { seen, questions } = this.#keys.ofConversation(conversation);
    const [seenAt, stored] = await Promise.all([
      this.#connection.send((client) => client.zscore(seen, id)),
      this.#connection.send((client) => client.hexists(questions, id)),
    ]);
    return seenAt !== null || stored === 1;
  }

  openQuestions(platform: string, authorId: string): Promise<number> {
    return this.#persons.pruneAnswered(platform, authorId);
  }

  async revise(
    conversation: ConversationId,
    messageId: string,
    text: string,
    tokens: number,
  ): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    for (;;) {
      const before = await this.#connection.send((client) =>
        client.hget(keys.questions, messageId),
      );
      const after = before === null ? undefined : revised(before, text, tokens);
      if (before === null || after === undefined) return false;
      const args = { messageId, before, after };
      if ((await this.#connection.runScript('revise', keys, args)) === 1) return true;
      const waits = await this.#connection.send((client) => client.zscore(keys.queue, messageId));
      if (waits === null) return false;
    }
  }

  async withdraw(conversation: ConversationId, messageId: string): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    const args = { conversation, messageId };
    return (await this.#connection.runScript('withdraw', keys, args)) === 1;
  }

  async requestStop(conversation: ConversationId): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    return (await this.#connection.runScript('request-stop', keys, { conversation })) === 1;
  }

  async addEarlierHistory(
    conversation: ConversationId,
    entries: readonly HistoryEntry[],
  ): Promise<void> {
    const ids = entries.flatMap(({ role, author }) => {
      return role === 'user' && author !== undefined ? [author.id] : [];
    });
    const authors = [...new Set(ids)];
    await this.#persons.note(conversation, authors);
    const rest = entries.flatMap((entry): Arg[] => {
      return [entry.id, entry.role === 'assistant' ? 1 : 0, entry.at, encode(entry)];
    });
    const keys = this.#keys.ofConversation(conversation);
    await this.#connection.runScript('add-earlier-history', keys, { conversation }, rest);
    // A `forget` since the first note may have deleted it; the next one has to find these entries.
    this.#persons.noteAgain(conversation, authors);
  }
}

/** The record with another text; undefined if it cannot be read. */
function revised(record: string, text: string, tokens: number): string | undefined {
  try {
    const question: unknown = JSON.parse(record);
    if (typeof question !== 'object' || question === null) return undefined;
    return encode({ ...question, text, tokens });
  } catch {
    return undefined;
  }
}
