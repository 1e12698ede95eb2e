import { partsOf } from '../../core/conversation.ts';
import type { Message } from '../../core/message.ts';
import type { Receipt } from '../../core/ports/platform.ts';
import type { AcceptOptions, Admission } from '../../core/ports/store.ts';
import { toRecord } from './codec.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { Persons } from './persons.ts';
import type { Args } from './scripts.ts';

/** A message that comes in, and how. */
export interface Arrival {
  readonly message: Message;
  readonly options: AcceptOptions;
  readonly script: 'accept' | 'accept-and-claim';
  /** Of the claim, where one comes with it. */
  readonly terms: Args;
}

/** `crowded`: too many questions seem to be open. */
type Taken = readonly [receipt: Admission | 'crowded', found?: unknown];

/**
 * Takes messages in. On one Redis that is one step. In a cluster no script writes to two
 * partitions, so it is two: the message in its conversation's, and in its author's where they write
 * and what they have open. Both go out at once, so that nobody waits for two round trips.
 *
 * Only where the author is known to be near the limit of open questions is the second one waited
 * for. So whoever goes beyond the limit through an instance that has not met them yet has their
 * question taken back, unless it is being answered by then; and that instance knows them from then on.
 */
export class Intake {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #persons: Persons;
  readonly #bounds: Args;

  constructor(options: { connection: Connection; keys: Keys; persons: Persons; bounds: Args }) {
    this.#connection = options.connection;
    this.#keys = options.keys;
    this.#persons = options.persons;
    this.#bounds = options.bounds;
  }

  /** Gives what became of the message, and what was claimed with it. */
  async take(arrival: Arrival): Promise<readonly [receipt: Admission, found?: unknown]> {
    for (;;) {
      const [receipt, found] = await this.#try(arrival);
      if (receipt !== 'crowded') return [receipt, found];
      if (await this.#isFull(arrival)) return ['too-many'];
    }
  }

  async #try(arrival: Arrival): Promise<Taken> {
    const { message, options } = arrival;
    if (!this.#connection.cluster) return this.#store(arrival);
    const asks = message.kind === 'question' && !options.stops;
    const { mostOpen } = options;
    const enrol = (): Promise<boolean> => this.#persons.enrol(message, asks, mostOpen);
    if (this.#persons.isNear(message, mostOpen)) {
      if (!(await enrol())) return [await this.#ifNew(message)];
      const taken = await this.#store(arrival);
      this.#persons.confirm(message);
      return taken;
    }
    const [enrolled, taken] = await Promise.all([enrol(), this.#store(arrival)]);
    if (!enrolled && taken[0] === 'queued') return this.#beyond(arrival, taken);
    this.#persons.confirm(message);
    return taken;
  }

  /** A question was taken in though its author has too many open. */
  async #beyond(arrival: Arrival, taken: Taken): Promise<Taken> {
    const { conversation, id } = arrival.message;
    const [, found] = taken;
    if (!found && (await this.#isFull(arrival))) {
      const keys = this.#keys.ofConversation(conversation);
      const args = { conversation, id, ...this.#bounds };
      if ((await this.#connection.run('withdraw', keys, args)) === 1) return ['too-many'];
    }
    // It is being answered, or they have room after all: it counts.
    await this.#persons.enrol(arrival.message, true, undefined);
    this.#persons.confirm(arrival.message);
    return taken;
  }

  /** What seems open may be answered by now. */
  async #isFull({ message, options }: Arrival): Promise<boolean> {
    const { platform } = partsOf(message.conversation);
    const open = await this.#persons.tidy(platform, message.author.id);
    return open >= (options.mostOpen ?? Number.POSITIVE_INFINITY);
  }

  async #store({ message, options, script, terms }: Arrival): Promise<Taken> {
    const { conversation, id, author, sentAt, kind, opens } = message;
    const { stops, tokens, mostOpen } = options;
    const { platform } = partsOf(conversation);
    const keys = {
      ...this.#keys.ofConversation(conversation),
      ...this.#keys.ofPerson(platform, author.id),
    };
    const reply = await this.#connection.run(script, keys, {
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
    const [receipt, open, found] = reply as [Receipt | 'crowded', number | null, unknown];
    if (receipt === 'queued') {
      this.#persons.considerTidying(platform, author.id, open ?? 0, mostOpen);
    }
    return [receipt, found];
  }

  /** What was taken in already is no new question that would be too many. */
  async #ifNew({ conversation, id }: Message): Promise<'duplicate' | 'crowded'> {
    const { seen = '', questions = '' } = this.#keys.ofConversation(conversation);
    const { client } = this.#connection;
    const [at, open] = await Promise.all([
      this.#connection.try(() => client.zscore(seen, id)),
      this.#connection.try(() => client.hexists(questions, id)),
    ]);
    return at === null && open === 0 ? 'crowded' : 'duplicate';
  }
}
