import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';

/**
 * Since when an operator wants nothing new to be begun. Without an end: a pause that is forgotten
 * is seen in the log and by `turns`, one that ends by itself is not.
 */
export class PauseNote {
  readonly #connection: Connection;
  readonly #key: string;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#key = keys.ofOperator().paused;
  }

  async note(since: number | undefined): Promise<void> {
    const { client } = this.#connection;
    await this.#connection.try<unknown>(() =>
      since === undefined ? client.del(this.#key) : client.set(this.#key, since),
    );
  }

  async since(): Promise<number | undefined> {
    const found = await this.#connection.try(() => this.#connection.client.get(this.#key));
    return found === null ? undefined : Number(found) || 0;
  }
}
