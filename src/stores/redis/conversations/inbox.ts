import { type ConversationId, parseConversationId } from '../../../core/domain/conversation.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Receipt } from '../../../core/ports/platform.ts';
import type {
  AcceptOptions,
  AcceptResult,
  AcceptAndClaimResult,
  Lease,
  Participation,
} from '../../../core/ports/store.ts';
import { encode, toRecord } from '../records.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';
import type { Bounds } from '../options.ts';
import type { PersonIndex } from './person-index.ts';
import type { Arg, Args } from '../lua-scripts.ts';
import type { Turns } from './turns.ts';

/** What the inbox works with, and how long things are kept. */
export interface InboxOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly persons: PersonIndex;
  readonly workbench: Turns;
  readonly bounds: Pick<Bounds, 'seenMs' | 'retentionMs' | 'stayMs' | 'keep'>;
  readonly log: Log;
}

/** How messages come in, change and go before their turn. */
export class Inbox {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #persons: PersonIndex;
  readonly #workbench: Turns;
  readonly #bounds: Args;
  readonly #log: Log;

  constructor(options: InboxOptions) {
    const { seenMs, retentionMs, stayMs, keep } = options.bounds;
    this.#connection = options.connection;
    this.#keys = options.keys;
    this.#persons = options.persons;
    this.#workbench = options.workbench;
    this.#bounds = { seenMs, retentionMs, stayMs, keep };
    this.#log = options.log;
  }

  async accept(message: Message, options: AcceptOptions): Promise<AcceptResult> {
    const [receipt] = await this.#admit('accept', message, options, {});
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
      const [admission, found] = await this.#workbench.withTicket(conversation, lease, (terms) =>
        this.#admit('accept-and-claim', message, options, terms),
      );
      receipt = admission;
      const work = await this.#workbench.toClaimedTurn(conversation, lease, found);
      return { receipt, ...(work === undefined ? {} : { work }) };
    } catch (error) {
      // What is damaged may be what only a claim needs: the question need not wait for its mending.
      if (receipt === undefined && !isDamage(error)) throw error;
      receipt ??= await this.accept(message, options);
      this.#log.warn({ err: error, conversation }, 'claim failed beside its question');
      return { receipt };
    }
  }

  /** Gives what became of the message, and what was claimed with it. */
  async #admit(
    script: 'accept' | 'accept-and-claim',
    message: Message,
    options: AcceptOptions,
    terms: Args,
  ): Promise<[receipt: AcceptResult, found?: unknown]> {
    const { platform } = parseConversationId(message.conversation);
    const { mostOpen = Number.POSITIVE_INFINITY } = options;
    for (;;) {
      const [receipt, found] = await this.#try(script, message, options, terms);
      if (receipt !== 'crowded') return [receipt, found];
      // Some of what seems open may be answered by now.
      const open = await this.#persons.pruneAnswered(platform, message.author.id);
      if (open >= mostOpen) return ['too-many'];
    }
  }

  async #try(
    script: 'accept' | 'accept-and-claim',
    message: Message,
    { stops, tokens, mostOpen }: AcceptOptions,
    terms: Args,
  ): Promise<[receipt: Receipt | 'crowded', found?: unknown]> {
    const { conversation, id, author, sentAt, kind, opens } = message;
    const { platform } = parseConversationId(conversation);
    const enrols = this.#connection.cluster;
    const asks = kind === 'question' && !stops;
    if (enrols && !(await this.#persons.reserve(message, asks, mostOpen))) {
      return [await this.#ifNew(message)];
    }
    const keys = {
      ...this.#keys.ofConversation(conversation),
      ...this.#keys.ofPerson(platform, author.id),
    };
    const reply = await this.#connection.runScript(script, keys, {
      conversation,
      id,
      at: sentAt,
      kind,
      record: toRecord(message, tokens),
      author: author.id,
      opens: opens === true ? 1 : 0,
      stops: stops ? 1 : 0,
      mostOpen: mostOpen ?? '',
      member: this.#persons.memberOf(conversation, id),
      channel: this.#keys.channel,
      ...this.#bounds,
      ...terms,
    });
    if (enrols) this.#persons.commit(message);
    const [receipt, open, found] = reply as [Receipt | 'crowded', number | null, unknown];
    if (receipt === 'queued') {
      this.#persons.pruneIfMany(platform, author.id, open ?? 0, mostOpen);
    }
    return [receipt, found];
  }

  /** What was taken in already is no new question that would be too many. */
  async #ifNew({ conversation, id }: Message): Promise<'duplicate' | 'crowded'> {
    const { seen = '', questions = '' } = this.#keys.ofConversation(conversation);
    const { client } = this.#connection;
    const [at, open] = await Promise.all([
      this.#connection.send(() => client.zscore(seen, id)),
      this.#connection.send(() => client.hexists(questions, id)),
    ]);
    return at === null && open === 0 ? 'crowded' : 'duplicate';
  }

  openQuestions(platform: string, authorId: string): Promise<number> {
    return this.#persons.pruneAnswered(platform, authorId);
  }

  async revise(
    conversation: ConversationId,
    id: string,
    text: string,
    tokens: number,
  ): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    const { questions = '' } = keys;
    for (;;) {
      const before = await this.#connection.send(() => this.#connection.client.hget(questions, id));
      if (before === null) return false;
      const after = revised(before, text, tokens);
      if (after === undefined) return false;
      const changed = await this.#connection.runScript('revise', keys, { id, before, after });
      if (changed === 1) return true;
      const waits = await this.#connection.send(() =>
        this.#connection.client.zscore(keys.queue ?? '', id),
      );
      if (waits === null) return false;
    }
  }

  async withdraw(conversation: ConversationId, id: string): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    return (
      (await this.#connection.runScript('withdraw', keys, {
        conversation,
        id,
        ...this.#bounds,
      })) === 1
    );
  }

  async requestStop(conversation: ConversationId): Promise<boolean> {
    const { channel } = this.#keys;
    const keys = this.#keys.ofConversation(conversation);
    return (
      (await this.#connection.runScript('request-stop', keys, { conversation, channel })) === 1
    );
  }

  async addEarlierHistory(
    conversation: ConversationId,
    entries: readonly HistoryEntry[],
  ): Promise<void> {
    const authors = new Set(
      entries.flatMap(({ role, author }) =>
        role === 'user' && author !== undefined ? [author.id] : [],
      ),
    );
    await this.#persons.note(conversation, [...authors]);
    const rest = entries.flatMap((entry): Arg[] => {
      const reply = entry.role === 'assistant' ? 1 : 0;
      return [entry.id, reply, entry.at, encode(entry)];
    });
    const keys = this.#keys.ofConversation(conversation);
    await this.#connection.runScript(
      'add-earlier-history',
      keys,
      { conversation, ...this.#bounds },
      rest,
    );
    // Who was forgotten since the first note would not be found here by a later `forget`.
    this.#persons.noteAgain(conversation, [...authors]);
  }

  /** False where they asked nothing. */
  async rename(conversation: ConversationId, author: string, name: string): Promise<boolean> {
    const keys = this.#keys.ofConversation(conversation);
    const args = { author, name: name.toWellFormed(), ...this.#bounds };
    return (await this.#connection.runScript('rename', keys, args)) === 1;
  }

  async participation(conversation: ConversationId): Promise<Participation | undefined> {
    const { people = '' } = this.#keys.ofConversation(conversation);
    const found = await this.#connection.send(() => this.#connection.client.hkeys(people));
    const ids = found.filter((field) => field.startsWith('@')).map((field) => field.slice(1));
    return ids.length === 0 ? undefined : { opened: found.includes('opened'), people: ids };
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
