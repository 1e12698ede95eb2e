import type { Secrets } from '../../../core/ports/secrets.ts';
import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';

/** What the service made for itself, such as keys: one key each, so that the first one stands. */
export class RedisSecrets implements Secrets {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async keep(name: string, made: string, lifeMs?: number): Promise<string> {
    const { client } = this.#connection;
    // A Redis that is full refuses to set what is there already, too.
    const found = await this.find(name);
    if (found !== undefined) return found;
    const key = this.#keys.ofSecret(name);
    await this.#connection.try<unknown>(() =>
      lifeMs === undefined
        ? client.set(key, made, 'NX')
        : client.set(key, made, 'PX', Math.max(1, Math.ceil(lifeMs)), 'NX'),
    );
    // What was there may have ended in between; then nothing stands in the way of this one.
    return (await this.find(name)) ?? made;
  }

  async find(name: string): Promise<string | undefined> {
    const key = this.#keys.ofSecret(name);
    return (await this.#connection.try(() => this.#connection.client.get(key))) ?? undefined;
  }
}
