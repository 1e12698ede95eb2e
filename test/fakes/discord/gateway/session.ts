import type { Connection } from './connection.ts';
import { asksFor } from './intents.ts';
import { type DispatchedEvent, type Payload, type Shard, isOnShard, op } from './protocol.ts';

/** One bot's subscription to events; outlives its connection for a while. */
export class Session {
  readonly id: string = crypto.randomUUID().replaceAll('-', '');
  readonly shard: Shard;
  readonly intents: number;
  /** Undefined while it is disconnected. */
  connection: Connection | undefined;
  /** Runs while it is disconnected; after that it is over. */
  expiry: NodeJS.Timeout | undefined;
  /** What the client has not confirmed with a heartbeat, to be sent again after a resume. */
  #unconfirmed: (Payload & { readonly s: number })[] = [];
  #seq = 0;
  #confirmed = 0;

  constructor(shard: Shard, intents: number, connection: Connection) {
    this.shard = shard;
    this.intents = intents;
    this.connection = connection;
  }

  wants(event: DispatchedEvent): boolean {
    return isOnShard(this.shard, event.guildId) && asksFor(this.intents, event);
  }

  /** Sends it now, or when the session is resumed. */
  send(t: string, d: object): void {
    this.#seq += 1;
    const payload = { op: op.dispatch, t, s: this.#seq, d };
    this.#unconfirmed.push(payload);
    this.connection?.send(payload);
  }

  /** What came after this number; undefined if there never was such a number. */
  since(seq: number): readonly Payload[] | undefined {
    if (!Number.isInteger(seq) || seq < this.#confirmed || seq > this.#seq) return undefined;
    return this.#unconfirmed.filter(({ s }) => s > seq);
  }

  /** The client has everything up to here. */
  confirm(seq: number | null): void {
    if (seq === null || seq <= this.#confirmed || seq > this.#seq) return;
    this.#confirmed = seq;
    this.#unconfirmed = this.#unconfirmed.filter(({ s }) => s > seq);
  }
}
